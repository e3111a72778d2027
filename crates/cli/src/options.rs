//! Options that several commands share, each defined once.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use engine::{KvType, LoadOptions, PerLayerTable, Profile, Tiers};

use crate::byte_size;
use crate::tiers::{PromptTierChoice, TokenTierChoice};
use crate::whole_number::count;

/// Which model.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgument {
    /// A GGUF file, the name of a model in the Ollama store such as gemma4:e2b, or demo
    pub(crate) model: OsString,
    /// Compare the file with the sha256 digest that the Ollama store states, before it is used
    #[arg(long)]
    pub(crate) verify: bool,
}

/// Which device.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DeviceOptions {
    /// A part of the adapter's name or backend [default: the strongest adapter]
    #[arg(long, value_name = "NAME", help_heading = "Device")]
    pub(crate) adapter: Option<String>,
    /// A smaller device to pretend to be
    #[arg(long, value_name = "NAME", help_heading = "Device", value_parser = profile())]
    pub(crate) profile: Option<Profile>,
    /// Most bytes of GPU memory, such as 512M or 1.8G (powers of 1000) or 2GiB [default: no limit]
    #[arg(long, value_name = "BYTES", help_heading = "Device", value_parser = byte_size::parse, allow_hyphen_values = true)]
    pub(crate) budget: Option<u64>,
}

/// How a model is laid out in memory.
#[derive(Args, Clone, Debug)]
pub(crate) struct LayoutOptions {
    /// Tokens of the longest sequence [default: the model's, at most 4096]
    #[arg(long, value_name = "TOKENS", help_heading = "Memory", value_parser = count)]
    pub(crate) context: Option<u32>,
    /// Tokens of a prompt that are processed at once, at most 2048 [default: 512, or fewer where the context or the budget is
    /// smaller]
    #[arg(long, value_name = "TOKENS", help_heading = "Memory", value_parser = count)]
    pub(crate) chunk: Option<u32>,
    /// Type of keys and values in the cache
    #[arg(long, value_name = "TYPE", help_heading = "Memory", default_value = "f16")]
    pub(crate) kv: KvChoice,
    /// How a single token is computed
    #[arg(long, value_name = "TIER", help_heading = "Speed", default_value = "auto")]
    pub(crate) token_tier: TokenTierChoice,
    /// How a prompt is computed
    #[arg(long, value_name = "TIER", help_heading = "Speed", default_value = "auto")]
    pub(crate) prompt_tier: PromptTierChoice,
    /// Where the table of per-layer embeddings lives
    #[arg(long, value_name = "PLACE", help_heading = "Memory", default_value = "auto")]
    pub(crate) per_layer_table: TableChoice,
}

/// Names of the cache's types.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KvChoice {
    /// Half precision
    F16,
    /// Single precision
    F32,
    /// 8 bits, with a scale for each 32 values
    Q8,
}

/// Names of the table's places.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableChoice {
    /// On the GPU if it is small or the budget holds it, else in the file
    Auto,
    /// On the GPU
    Resident,
    /// In the file, from which rows are read as tokens need them
    Streamed,
}

impl LayoutOptions {
    /// The engine's options for a device that is used with `tiers`; the budget is the device's own.
    pub(crate) fn load_options(&self, tiers: Tiers) -> LoadOptions {
        let kv = match self.kv {
            KvChoice::F16 => KvType::F16,
            KvChoice::F32 => KvType::F32,
            KvChoice::Q8 => KvType::Q8,
        };
        let per_layer_table = match self.per_layer_table {
            TableChoice::Auto => PerLayerTable::Auto,
            TableChoice::Resident => PerLayerTable::Resident,
            TableChoice::Streamed => PerLayerTable::Streamed,
        };
        LoadOptions { context: self.context, chunk: self.chunk, kv, tiers, per_layer_table, budget: None }
    }
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|name| name.parse::<Profile>())
}
