//! Gemma 4: from a GGUF header to logits.
//!
//! [`Config`] is the file's metadata, checked; [`Checkpoint`] its tensors in their roles, checked; [`plan`](plan::plan)
//! lists every buffer before any exists; [`Model`] is the weights on the GPU and [`Context`] one sequence with its cache.
//! This crate knows the order of operations, never users or time.

mod checkpoint;
mod config;
mod context;
mod decode;
mod error;
mod forward;
mod model;
mod output;
mod per_layer_rows;
pub mod plan;
mod prompt;
mod rewind;
mod room;
mod state;
mod upload;
mod vectors;

pub use checkpoint::Checkpoint;
pub use config::{Attention, Config, Experts, Kv, Layer, check_kind, placeholders};
pub use context::Context;
pub use error::Error;
pub use forward::{Path, Stage, Tap};
pub use kernels::kv::KvType;
pub use kernels::matmul::Products as PromptProducts;
pub use kernels::matvec::Products as TokenProducts;
pub use kernels::sums::Sums;
pub use kernels::tiers::Tiers;
pub use kernels::token_attention::Width;
pub use model::{Model, Progress, bytes_per_token};
pub use output::{Output, Scored, Want, best_max};
pub use plan::{Options, PerLayerTable, Plan, chunk_max};
pub use room::room_for_logits;
