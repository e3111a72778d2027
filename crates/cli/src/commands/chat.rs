//! `rullama chat`: a conversation over standard input.

use std::io::IsTerminal;

use clap::Args;
use engine::prompt::{Conversation, Message, Role};
use engine::{FinishReason, GenerateOptions, Model, Session};

use crate::answer::{Show, cut_short, stream, timing_lines};
use crate::failure::Failure;
use crate::generation_options::GenerationOptions;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, note, print, visible};
use crate::tiers::tiers_for;

const HELP: &str = "\
Each line is a message; //usr says /usr. Commands:
  /reset  forget the conversation
  /help   show this
  /exit   leave; so does the end of the input
Ctrl-C stops an answer; while there is none it ends the program.
";

/// Talk with the model, line by line
///
/// Each line of standard input is a message; /help lists the commands, and // begins a message that begins with /.
#[derive(Args, Debug)]
pub(crate) struct Chat {
    #[command(flatten)]
    model: ModelArgument,
    /// Instructions that come before the conversation
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    system: Option<String>,
    /// Let the model think first; its thoughts go to standard error
    #[arg(long)]
    thinking: bool,
    /// Show counts, times and seed of each answer on standard error
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
        let bad = |problem: String| Failure::Input { name: "standard input".to_owned(), problem };
        let mut lines = Lines::new(std::io::stdin().lock());
        loop {
            let Some(line) = lines.next().map_err(|error| bad(error.to_string()))? else {
                // The shell's prompt would follow the last one of these.
                if on_terminal {
                    note("\n");
                }
                return Ok(());
            };
            let line = match line {
                Ok(line) => line,
                Err(problem) => {
                    let problem = format!("this line {problem} and was left out; the conversation goes on");
                    crate::report(&bad(problem), false);
                    ask();
                    continue;
                }
            };
            match line.trim() {
                "" => {}
                "/exit" => return Ok(()),
                "/help" => note(HELP),
                "/reset" => conversation = self.conversation(),
                command if command.starts_with('/') && !command.starts_with("//") => note(&format!(
                    "there is no command `{}`; /help lists them, and a second / before it says it\n",
                    visible(command)
                )),
                message => {
                    let message = if message.starts_with("//") { &message[1..] } else { message };
                    conversation.messages.push(Message::new(Role::User, message));
                    let turn = self.turn(&model, &mut session, &conversation, &options, &interrupt).await;
                    match turn {
                        Ok(answer) => conversation.messages.push(answer),
                        // The conversation goes on without the message that could not be answered.
                        Err(failure) if self.goes_on(&failure) => {
                            conversation.messages.pop();
                            crate::report(&failure, false);
                            if failure.code() == "CONTEXT_FULL" {
                                note("/reset starts a new conversation\n");
                            }
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
        let prompt = rendered.text_ids(model.file().tokenizer()).map_err(bad)?;
        let show = if self.thinking { Show::TextAndThoughts } else { Show::Text };
        // A Ctrl-C is for the answer that is under way; one while none is ends the program.
        interrupt.forget();
        let (answer, finished) = stream(session, &prompt, options, interrupt, show).await?;
        print("\n")?;
        if finished.reason == FinishReason::ContextFull {
            note(&cut_short(session, "; /reset starts a new conversation"));
        }
        if self.verbose {
            note(&timing_lines(&finished, &options.sampling));
        }
        Ok(Message::new(Role::Assistant, answer.text))
    }

    /// Whether the session is as good as before.
    fn goes_on(&self, failure: &Failure) -> bool {
        matches!(failure.code(), "CONTEXT_FULL" | "BAD_INPUT")
    }
}
