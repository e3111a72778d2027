//! What the user can choose when a model is loaded.

use gemma4::{Config, KvType, Options, PerLayerTable, Tiers, chunk_max};

/// Tokens of a context nobody asked for: long enough for a conversation, short enough for a phone.
const CONTEXT_DEFAULT: u32 = 4096;
/// Tokens of a prompt processed at once when nobody asked for a number.
const CHUNK_DEFAULT: u32 = 512;
/// The least number that is tried where more do not fit.
pub(crate) const CHUNK_MIN: u32 = 64;

/// How to load a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Tokens of the longest sequence; none for 4096, or what the model was made for if that is less.
    pub context: Option<u32>,
    /// Tokens of a prompt processed at once; none for 512, or the context if that is less, or as many as fit down to 64.
    pub chunk: Option<u32>,
    /// Type of the KV cache.
    pub kv: KvType,
    /// How kernels compute where there is a choice.
    pub tiers: Tiers,
    /// Where the per-layer embedding table lives.
    pub per_layer_table: PerLayerTable,
    /// Bytes of GPU memory that the model and one session may take; none for what is left of the device's budget.
    pub budget: Option<u64>,
}

impl Default for LoadOptions {
    fn default() -> LoadOptions {
        LoadOptions {
            context: None,
            chunk: None,
            kv: KvType::F16,
            tiers: Tiers::default(),
            per_layer_table: PerLayerTable::Auto,
            budget: None,
        }
    }
}

impl LoadOptions {
    /// The options with every default filled in.
    pub(crate) fn for_model(&self, config: &Config, budget: Option<u64>) -> Options {
        let context = self.context.unwrap_or_else(|| CONTEXT_DEFAULT.min(config.context));
        Options {
            context,
            chunk: self.chunk.unwrap_or_else(|| CHUNK_DEFAULT.min(context.max(1)).min(chunk_max(config))),
            kv: self.kv,
            tiers: self.tiers,
            per_layer_table: self.per_layer_table,
            budget,
            binding_bytes_max: None,
        }
    }
}

/// How far loading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProgress<'a> {
    /// Bytes of the file that are on the GPU.
    pub done: u64,
    /// Bytes that will be.
    pub total: u64,
    /// The tensor being loaded.
    pub name: &'a str,
}
