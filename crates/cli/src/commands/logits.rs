//! `rullama logits`: the logits of every position, for comparison with a reference.

use std::path::PathBuf;

use clap::Args;
use engine::gemma4::Path;
use serde_json::json;

use crate::failure::Failure;
use crate::input::read_ids;
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, print_json};
use crate::tiers::tiers_for;

/// Write the logits of every position of a sequence as little-endian f32, (positions, vocabulary)
#[derive(Args, Debug)]
pub(crate) struct Logits {
    #[command(flatten)]
    model: ModelArgument,
    /// A JSON file with token ids; - is standard input
    #[arg(long, value_name = "FILE.json")]
    ids: String,
    /// The file to write
    #[arg(long, value_name = "FILE.f32")]
    out: PathBuf,
    /// Go token by token, as an answer is generated, instead of in chunks, as a prompt is processed
    #[arg(long)]
    decode: bool,
    /// Print {"positions", "vocabulary", "path"}
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

impl Logits {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let ids = read_ids(&self.ids)?;
        if ids.is_empty() {
            return Err(Failure::Input { name: self.ids.clone(), problem: "has no token ids".to_owned() });
        }
        let opened = open_file(&self.model, chatter).await?;
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let mut options = self.layout.load_options(tiers_for(&device, &self.device, &self.layout).await?);
        // Nothing is generated, so the sequence itself is the context that is needed.
        options.context = options.context.or(u32::try_from(ids.len()).ok());
        let model = load(&device, opened, &options, &interrupt, chatter).await?;
        let mut session = model.session().await?;
        let path = if self.decode { Path::Decode } else { Path::Prompt };
        let logits = interrupt.stops(session.logits(&ids, path, interrupt.cancel())).await?;
        let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
        std::fs::write(&self.out, bytes).map_err(|error| Failure::Open { path: self.out.clone(), error })?;
        if self.json {
            let vocabulary = logits.len() / ids.len();
            let path = if self.decode { "decode" } else { "prompt" };
            print_json(&json!({ "positions": ids.len(), "vocabulary": vocabulary, "path": path }))?;
        }
        Ok(())
    }
}
