//! `rullama chat`: a conversation over standard input.

use std::io::{BufRead, IsTerminal};

use clap::Args;
use engine::prompt::{Conversation, Message, Role};
use engine::{FinishReason, GenerateOptions, Model, Session};

use crate::answer::{Show, stream, timing_line};
use crate::failure::Failure;
use crate::generation_options::GenerationOptions;
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, note, print};
use crate::tiers::tiers_for;

const HELP: &str = "\
Each line is a message. Commands:
  /reset  forget the conversation
  /help   show this
  /exit   leave; so does the end of the input
Ctrl-C stops an answer.
";

/// Talk with the model, line by line
///
/// Each line of standard input is a message; /help lists the commands.
#[derive(Args, Debug)]
pub(crate) struct Chat {
    #[command(flatten)]
    model: ModelArgument,
    /// Instructions that come before the conversation
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Let the model think first; its thoughts go to standard error
    #[arg(long)]
    thinking: bool,
    /// Show counts and times of each answer on standard error
    #[arg(long, short)]
    verbose: bool,
    /// Show the memory ledger after each answer, in one line on standard error
    #[arg(long)]
    memory: bool,
    #[command(flatten)]
    generation: GenerationOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

impl Chat {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let options = self.layout.load_options(tiers_for(&device, &self.device, &self.layout).await?);
        let model = load(&device, opened, &options, &interrupt, chatter).await?;
        let mut session = model.session().await?;
        let mut conversation = self.conversation();
        let options = self.generation.generate_options();
        let on_terminal = std::io::stdin().is_terminal() && chatter == Chatter::Normal;
        let ask = || {
            if on_terminal {
                note("> ")
            }
        };
        ask();
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| Failure::Input {
                name: "standard input".to_owned(),
                problem: error.to_string(),
            })?;
            match line.trim() {
                "" => {}
                "/exit" => break,
                "/help" => note(HELP),
                "/reset" => conversation = self.conversation(),
                command if command.starts_with('/') => {
                    note(&format!("there is no command `{command}`; /help lists them\n"))
                }
                message => {
                    conversation.messages.push(Message::new(Role::User, message));
                    let turn = self.turn(&model, &mut session, &conversation, &options, &interrupt).await;
                    match turn {
                        Ok(answer) => conversation.messages.push(answer),
                        // The conversation goes on without the message that could not be answered.
                        Err(failure) if self.goes_on(&failure) => {
                            conversation.messages.pop();
                            crate::report(&failure, false);
                        }
                        Err(failure) => return Err(failure),
                    }
                    if self.memory {
                        note(&format!("{}\n", device.memory()));
                    }
                }
            }
            ask();
        }
        Ok(())
    }

    fn conversation(&self) -> Conversation {
        let system = self.system.as_ref().map(|system| Message::new(Role::System, system));
        Conversation { enable_thinking: self.thinking, ..Conversation::new(system.into_iter().collect()) }
    }

    /// Answers the last message and gives the answer as a message.
    async fn turn(
        &self,
        model: &Model,
        session: &mut Session,
        conversation: &Conversation,
        options: &GenerateOptions,
        interrupt: &Interrupt,
    ) -> Result<Message, Failure> {
        let bad = |error: engine::prompt::Error| Failure::Input {
            name: "message".to_owned(),
            problem: error.to_string(),
        };
        let rendered = conversation.render(model.file().template()).map_err(bad)?;
        let prompt = rendered.ids(model.file().tokenizer()).map_err(bad)?;
        let show = if self.thinking { Show::TextAndThoughts } else { Show::Text };
        let (answer, finished) = stream(session, &prompt, options, interrupt, show).await?;
        print("\n")?;
        if finished.reason == FinishReason::ContextFull {
            note(
                "the context is full; /reset starts a new conversation, --context makes a longer one possible\n",
            );
        }
        if self.verbose {
            note(&timing_line(&finished));
        }
        Ok(Message::new(Role::Assistant, answer.text))
    }

    /// Whether the session is as good as before.
    fn goes_on(&self, failure: &Failure) -> bool {
        matches!(failure.code(), "CONTEXT_FULL" | "BAD_INPUT")
    }
}
