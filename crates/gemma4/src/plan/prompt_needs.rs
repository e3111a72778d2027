//! What the products of a prompt's chunk ask of the buffers between them.

use super::{Options, Part};
use crate::checkpoint::{Checkpoint, MatrixId};
use crate::config::Config;
use crate::per_layer_rows::layout;
use kernels::matmul;

/// Widths per token, each the most that any layer needs.
pub(super) struct PromptNeeds {
    /// Parts of the residual's width in which a product leaves its result.
    pub(super) result_parts: u32,
    /// Gates and ups that are not joined by their product, or parts of per-layer gates.
    pub(super) gate_up_columns: u32,
    /// Columns of a matrix, in whole blocks.
    pub(super) input_columns: u32,
    /// Bytes of a chunk's rows of a per-layer table that is not on the GPU.
    pub(super) per_layer_rows: Option<u64>,
}

impl PromptNeeds {
    pub(super) fn of(
        config: &Config,
        checkpoint: &Checkpoint,
        matrices: &[Vec<Part>],
        options: &Options,
        resident: bool,
    ) -> PromptNeeds {
        let parts = |id: MatrixId| match &matrices[id][..] {
            [whole] => matmul::parts(&whole.layout),
            _ => 1,
        };
        let columns = |id: MatrixId| 32 * matrices[id][0].layout.blocks();
        let mut needs = PromptNeeds {
            result_parts: 1,
            gate_up_columns: 0,
            input_columns: checkpoint.per_layer.as_ref().map_or(0, |weights| columns(weights.projection)),
            per_layer_rows: layout(checkpoint, options.chunk).filter(|_| !resident).map(|rows| rows.bytes()),
        };
        for (layer, weights) in config.layers.iter().zip(&checkpoint.layers) {
            let mut read = vec![weights.qkv, weights.output, weights.gate_up, weights.down];
            let mut results = vec![weights.output];
            if weights.experts.is_none() {
                results.push(weights.down);
            }
            if matrices[weights.gate_up].len() > 1 {
                needs.gate_up_columns = needs.gate_up_columns.max(2 * layer.feed_forward);
            }
            if let (Some(per_layer), Some(width)) = (&weights.per_layer, config.per_layer) {
                read.extend([per_layer.gate, per_layer.proj]);
                results.push(per_layer.proj);
                needs.gate_up_columns = needs.gate_up_columns.max(parts(per_layer.gate) * width);
            }
            read.extend(weights.experts.iter().map(|experts| experts.router));
            needs.result_parts = results.into_iter().map(parts).fold(needs.result_parts, u32::max);
            needs.input_columns = read.into_iter().map(columns).fold(needs.input_columns, u32::max);
        }
        needs
    }
}
