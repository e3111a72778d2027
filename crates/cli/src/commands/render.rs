//! `rullama render`: a conversation as the model sees it.

use clap::{Args, ValueEnum};
use engine::prompt::TemplateSize;
use serde_json::json;

use crate::conversation;
use crate::failure::Failure;
use crate::input::{read_text, shown};
use crate::opening::open_file;
use crate::options::ModelArgument;
use crate::terminal::{Chatter, print, print_json};

/// Write a conversation in the words of the chat template
///
/// The input is {"messages", "tools", "enable_thinking", "add_generation_prompt", "preserve_thinking"}, with messages and tools as
/// chat clients send them.
#[derive(Args, Debug)]
pub(crate) struct Render {
    #[command(flatten)]
    model: ModelArgument,
    /// A JSON file with the conversation; - is standard input
    #[arg(long, value_name = "FILE.json")]
    input: String,
    /// The template [default: the one that the model was trained with]
    #[arg(long)]
    template: Option<Template>,
    /// Print {"text", "ids"}
    #[arg(long)]
    pub(crate) json: bool,
}

/// Names of the templates.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Template {
    /// e2b and e4b
    Small,
    /// 12b, 26b and 31b
    Large,
}

impl Render {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let refused = |problem: String| Failure::Input { name: shown(&self.input), problem };
        let bad = |error: engine::prompt::Error| refused(error.to_string());
        let template = match self.template {
            Some(Template::Small) => TemplateSize::Small,
            Some(Template::Large) => TemplateSize::Large,
            None => opened.file.template(),
        };
        let conversation = conversation::parse(&read_text(&self.input)?, &[]).map_err(refused)?;
        let rendered = conversation.render(template).map_err(bad)?;
        if self.json {
            let ids = rendered.ids(opened.file.tokenizer()).map_err(bad)?;
            return print_json(&json!({ "text": rendered.to_text(), "ids": ids }));
        }
        print(&rendered.to_text())
    }
}
