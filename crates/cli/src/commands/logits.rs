//! `rullama logits`: the logits of every position, for comparison with a reference.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::gemma4::Path as Way;
use serde_json::json;

use crate::failure::{Failure, in_context};
use crate::input::{read_ids, shown};
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::output::Output;
use crate::terminal::{Chatter, print_json};
use crate::tiers::tiers_for;

/// Write the logits of every position of a sequence as little-endian f32, (positions, vocabulary)
#[derive(Args, Debug)]
#[command(mut_arg("context", |arg| arg.help(CONTEXT_HELP)))]
pub(crate) struct Logits {
    #[command(flatten)]
    model: ModelArgument,
    /// A JSON file with token ids; - is standard input
    #[arg(long, value_name = "FILE.json")]
    ids: String,
    /// The file to write; - is standard output
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

const CONTEXT_HELP: &str = "Tokens of the longest sequence [default: as many as there are ids]";

impl Logits {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        if self.json && self.out.as_os_str() == "-" {
            let problem = "--out - and --json both write to standard output; name a file or leave out --json";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let ids = read_ids(&self.ids)?;
        if ids.is_empty() {
            return Err(Failure::Input { name: shown(&self.ids), problem: "has no token ids".to_owned() });
        }
        let opened = open_file(&self.model, chatter).await?;
        let out = Output::new(&self.out, &[&opened.path, Path::new(&self.ids)])?;
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let mut options = self.layout.load_options(tiers_for(&device, &self.device, &self.layout).await?);
        // Nothing is generated, so the sequence itself is the context that is needed, as far as the model has one.
        let context_max = opened.file.config().map_err(opened.in_file())?.context;
        options.context = options.context.or(u32::try_from(ids.len()).ok().map(|ids| ids.min(context_max)));
        let model = load(&device, opened, &options, &interrupt, chatter).await?;
        let mut session = model.session().await?;
        let path = if self.decode { Way::Decode } else { Way::Prompt };
        let work = async {
            let logits = session.logits(&ids, path, interrupt.cancel()).await;
            let logits = logits.map_err(in_context(context_max))?;
            let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
            out.write(&bytes, || interrupt.check())?;
            Ok::<_, Failure>(logits)
        };
        let logits = interrupt.stops(work).await?;
        if self.json {
            let vocabulary = logits.len() / ids.len();
            let path = if self.decode { "decode" } else { "prompt" };
            print_json(&json!({ "positions": ids.len(), "vocabulary": vocabulary, "path": path }))?;
        }
        Ok(())
    }
}
