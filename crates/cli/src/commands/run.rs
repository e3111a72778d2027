//! `rullama run`: one answer.

use clap::Args;
use engine::prompt::{Conversation, Message, Role, Special};
use engine::{FinishReason, GenerateOptions, ModelFile};

use crate::answer::{Report, Show, cut_short, end_line, stream, timing_lines};
use crate::failure::Failure;
use crate::generation_options::GenerationOptions;
use crate::input::{read_ids, read_text};
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, note, print_json};
use crate::tiers::tiers_for;
use crate::whole_number::within;

/// Print the model's answer to a prompt
///
/// The prompt is put into the chat template as one user message. Standard output gets the text of the answer as it
/// comes, and nothing else.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    model: ModelArgument,
    /// The prompt; - is standard input
    #[arg(required_unless_present = "prompt_ids", conflicts_with = "prompt_ids")]
    prompt: Option<String>,
    /// A JSON file with the token ids of the whole prompt, used as they are
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["system", "thinking", "raw"])]
    prompt_ids: Option<String>,
    /// Instructions that come before the prompt
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    system: Option<String>,
    /// Let the model think first; its thoughts go to standard error
    #[arg(long)]
    thinking: bool,
    /// The prompt is a text to continue, without the chat template; a start token is put before it
    #[arg(long, conflicts_with_all = ["system", "thinking"])]
    raw: bool,
    /// With --raw: special tokens written out in the prompt are special
    #[arg(long, requires = "raw")]
    special: bool,
    /// Print the generated token ids as a JSON list at the end, instead of the text
    #[arg(long, conflicts_with = "json")]
    ids: bool,
    /// Go on after tokens that end an answer, up to --max-tokens or the end of the context
    #[arg(long)]
    ignore_eos: bool,
    /// Print one JSON object at the end: text, thinking, ids, seed, reason, counts and times
    #[arg(long)]
    pub(crate) json: bool,
    /// With --json: how likely each token was, and the N likeliest in its place, 0 to 20. Natural logarithms of the
    /// model's own probabilities, which temperature, penalties and the other options do not change
    #[arg(long, value_name = "N", requires = "json", value_parser = within::<u32>(0..=20))]
    logprobs: Option<u32>,
    /// Show counts, times and seed of the answer on standard error
    #[arg(long, short)]
    verbose: bool,
    /// Show the memory ledger in one line on standard error
    #[arg(long)]
    memory: bool,
    #[command(flatten)]
    generation: GenerationOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

impl Run {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let prompt = self.prompt(&opened.file)?;
        let options = self.options();
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let layout = self.layout.load_options(tiers_for(&device, &self.device, &self.layout).await?);
        let model = load(&device, opened, &layout, &interrupt, chatter).await?;
        let mut session = model.session().await?;
        let show = match (self.ids || self.json, self.thinking) {
            (true, _) => Show::Nothing,
            (false, true) => Show::TextAndThoughts,
            (false, false) => Show::Text,
        };
        let (answer, finished) = stream(&mut session, &prompt, &options, &interrupt, show).await?;
        if self.ids {
            print_json(&answer.ids)?;
        } else if self.json {
            print_json(&Report::new(&answer, &options.sampling, &finished))?;
        } else {
            end_line(&answer)?;
        }
        // The JSON says so itself.
        if finished.reason == FinishReason::ContextFull && !self.json {
            note(&cut_short(&session, ""));
        }
        if self.verbose {
            note(&timing_lines(&finished, &options.sampling));
        }
        if self.memory {
            note(&format!("{}\n", device.memory()));
        }
        interrupt.check()
    }

    fn prompt(&self, file: &ModelFile) -> Result<Vec<u32>, Failure> {
        if let Some(name) = &self.prompt_ids {
            return read_ids(name);
        }
        let text = match self.prompt.as_deref().unwrap_or_default() {
            "-" => &read_text("-")?,
            text => text,
        };
        // With --raw it is the start token that is gone on from.
        if text.trim().is_empty() && !self.raw {
            let problem = "the prompt is empty; give a text, in quotes, or - and a text on standard input";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let bad = |error: engine::prompt::Error| Failure::Input {
            name: "prompt".to_owned(),
            problem: error.to_string(),
        };
        if self.raw {
            let special = if self.special { Special::Parse } else { Special::Text };
            let tokenizer = file.tokenizer();
            // Gemma was never trained without the start token, whatever the file says of plain text.
            let start = tokenizer.bos().filter(|&bos| !self.special || !begins_with(tokenizer, text, bos));
            return Ok(start.into_iter().chain(tokenizer.encode(text, special)).collect());
        }
        let mut messages = Vec::new();
        messages.extend(self.system.as_ref().map(|system| Message::new(Role::System, system)));
        messages.push(Message::new(Role::User, text));
        let conversation = Conversation { enable_thinking: self.thinking, ..Conversation::new(messages) };
        let rendered = conversation.render(file.template()).map_err(bad)?;
        rendered.text_ids(file.tokenizer()).map_err(bad)
    }

    fn options(&self) -> GenerateOptions {
        let options = GenerateOptions { top_logprobs: self.logprobs, ..self.generation.generate_options() };
        if self.ignore_eos { GenerateOptions { stop_tokens: Some(Vec::new()), ..options } } else { options }
    }
}

fn begins_with(tokenizer: &engine::prompt::Tokenizer, text: &str, id: u32) -> bool {
    tokenizer.piece(id).is_some_and(|piece| text.starts_with(piece))
}
