//! `rullama tokenize`: text to ids, and ids to text.

use clap::Args;
use engine::prompt::{Special, Tokenizer};
use serde_json::json;

use crate::failure::Failure;
use crate::input::{read_ids, read_text, shown};
use crate::opening::open_file;
use crate::options::ModelArgument;
use crate::terminal::{Chatter, print, print_json, print_line};

/// Turn a text into token ids, or ids into a text; a file with nothing but a vocabulary will do
///
/// No start token is added. Without --json each line is an id and its piece.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("input").required(true)))]
pub(crate) struct Tokenize {
    #[command(flatten)]
    model: ModelArgument,
    /// The text
    #[arg(long, group = "input", allow_hyphen_values = true)]
    text: Option<String>,
    /// A file with the text, without the byte-order mark that it may begin with; - is standard input
    #[arg(long, group = "input")]
    file: Option<String>,
    /// A JSON file with ids, whose text is printed; - is standard input
    #[arg(long, group = "input", value_name = "IDS.json")]
    decode: Option<String>,
    /// Special tokens written out in the text are special; without this they are ordinary text
    #[arg(long, conflicts_with = "decode")]
    special: bool,
    /// Print {"ids", "pieces"}, or with --decode {"text"}
    #[arg(long)]
    pub(crate) json: bool,
}

impl Tokenize {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let tokenizer = opened.file.tokenizer();
        match (&self.decode, &self.text, &self.file) {
            (Some(ids), ..) => self.decode(tokenizer, &read_ids(ids)?),
            (_, Some(text), _) => self.encode(tokenizer, text),
            (.., Some(file)) => self.encode(tokenizer, &read_text(file)?),
            (None, None, None) => unreachable!("the command line asks for one of the three"),
        }
    }

    fn encode(&self, tokenizer: &Tokenizer, text: &str) -> Result<(), Failure> {
        let special = if self.special { Special::Parse } else { Special::Text };
        let ids = tokenizer.encode(text, special);
        let pieces = ids.iter().map(|&id| tokenizer.piece(id).expect("the tokenizer gives its own ids"));
        if self.json {
            return print_json(&json!({ "ids": ids, "pieces": pieces.collect::<Vec<_>>() }));
        }
        ids.iter()
            .zip(pieces)
            .try_for_each(|(id, piece)| print_line(&format!("{id}\t{}", piece.escape_debug())))
    }

    fn decode(&self, tokenizer: &Tokenizer, ids: &[u32]) -> Result<(), Failure> {
        let tokens = tokenizer.len();
        if let Some(id) = ids.iter().find(|&&id| id as usize >= tokens) {
            let problem = format!("token id {id} is outside the vocabulary of {tokens}");
            return Err(Failure::Input { name: shown(self.decode.as_deref().unwrap_or_default()), problem });
        }
        let text = tokenizer.decode(ids);
        if self.json { print_json(&json!({ "text": text })) } else { print(&text) }
    }
}
