//! The buffers of a step: activations, tables, what is read back.

use super::Planner;
use super::prompt_needs::PromptNeeds;
use crate::config::{Attention, Config, Experts, Layer};
use crate::error::Error;
use gpu::Account;
use kernels::head_norm_rope::rope_lines;
use kernels::{token_attention, top_k};

/// Activation buffers by role, as indices in the plan.
#[derive(Clone, Debug)]
pub struct Arena {
    /// The step's uniform.
    pub step: usize,
    /// Token ids of the chunk (chunk).
    pub ids: usize,
    /// Residual stream (chunk, hidden).
    pub h: usize,
    /// Residual stream of a single token, which goes to and fro between this and `h` (hidden).
    pub h_next: usize,
    /// Normed residual (chunk, hidden).
    pub x: usize,
    /// Result of a block before its post-norm, in parts to be added (parts, chunk, hidden).
    pub y: usize,
    /// Raw projections (chunk, widest stride).
    pub qkv: usize,
    /// Raw values of a single token (widest kv heads * head), where parts of a matrix have nothing but them.
    pub values: Option<usize>,
    /// Queries (chunk, heads * widest head).
    pub q: usize,
    /// Attention result (chunk, heads * widest head).
    pub attended: usize,
    /// Parts of a single token's attention (splits, heads, head) and their maxima and sums (splits, heads, 2), where a layer sees
    /// so many keys that it leaves some.
    pub partials: Option<[usize; 2]>,
    /// Gates and ups where no product joins them, of a chunk or of a single token, and parts of per-layer gates.
    pub gate_up: usize,
    /// Gated activation (chunk, widest feed-forward or per-layer width).
    pub gated: usize,
    /// x of a chunk's products as f16 (chunk, widest matrix) with a scale for each token (chunk), where products read it so.
    pub halves: Option<[usize; 2]>,
    /// Of a per-layer table that stays in the file, the rows of a chunk's tokens as they lie there, and their numbers 0, 1 ..
    /// (chunk).
    pub per_layer_rows: Option<[usize; 2]>,
    /// Per-layer inputs (chunk, layers * width) and their projected context.
    pub per_layer: Option<[usize; 2]>,
    /// Experts.
    pub experts: Option<ExpertArena>,
    /// The row whose logits are wanted (hidden).
    pub last: usize,
    /// Logits of one row (vocabulary).
    pub logits: usize,
    /// The best logits of each workgroup of the head (workgroups, 2).
    pub candidates: usize,
    /// Index of the largest logit (1).
    pub token: usize,
    /// Ids whose logits are wanted beside the best ([`top_k::ASKED`]).
    pub asked: usize,
    /// Ids that may be among the best, with their count in front (1 + vocabulary).
    pub survivors: usize,
    /// Sums of exponentials of parts of the logits ([`top_k::strips`], 2).
    pub strip_sums: usize,
    /// The best logits with their ids, the logits asked for, the sum of exponentials ([`top_k::result_words`]).
    pub best: usize,
    /// Rotary tables: sliding, full.
    pub rope: [usize; 2],
    /// Staging for one row of logits, or the best of them.
    pub readback: usize,
    /// Staging for a token, twice.
    pub token_readbacks: [usize; 2],
}

/// Activation buffers of the experts.
#[derive(Clone, Debug)]
pub struct ExpertArena {
    /// Dense result after its norm, then the sum (chunk, hidden).
    pub dense: usize,
    /// Router logits (chunk, experts).
    pub router: usize,
    /// Chosen experts (chunk, top_k).
    pub chosen: usize,
    /// Their weights (chunk, top_k).
    pub weights: usize,
    /// Gate and up per slot (chunk * top_k, 2 * width).
    pub gate_up: usize,
    /// Gated activation per slot (chunk * top_k, width).
    pub gated: usize,
    /// Result per slot (chunk * top_k, hidden).
    pub down: usize,
}

impl Planner<'_> {
    fn activation(&mut self, name: &str, shape: &[u32]) -> Result<usize, Error> {
        let shape: Vec<u64> = shape.iter().map(|&n| u64::from(n)).collect();
        let bytes = 4 * shape.iter().product::<u64>();
        self.push(name.to_owned(), Account::Activations, shape, bytes, "Ask for a smaller chunk")
    }

    pub(super) fn arena(
        &mut self,
        config: &Config,
        candidates: u32,
        values: Option<u32>,
        needs: &PromptNeeds,
    ) -> Result<Arena, Error> {
        let chunk = self.options.chunk;
        let hidden = config.hidden;
        let widest = |width: &dyn Fn(&Layer) -> u32| {
            config.layers.iter().map(width).max().expect("at least one layer")
        };
        let head_dim = widest(&|layer| layer.head_dim);
        let stride = widest(&|layer| (config.heads + 2 * layer.kv_heads) * layer.head_dim);
        let feed_forward = widest(&|layer| layer.feed_forward);
        let width = config.per_layer.unwrap_or(0);
        let per_layer_columns = config.layers.len() as u32 * width;
        let rope = |attention: Attention| {
            let of_kind = config.layers.iter().find(|layer| layer.attention == attention);
            // A model without such layers has a table all the same, of the narrowest head there is.
            of_kind.map_or(8, |layer| layer.head_dim)
        };
        let lines = rope_lines(self.options.context);
        let no_remedy = "No adapter is this small";
        let readback = config.vocabulary.max(top_k::result_words(config.vocabulary));
        Ok(Arena {
            step: self.push("step".to_owned(), Account::Uniforms, vec![4], 16, no_remedy)?,
            ids: self.activation("ids", &[chunk])?,
            h: self.activation("h", &[chunk, hidden])?,
            h_next: self.activation("h_next", &[hidden])?,
            x: self.activation("x", &[chunk, hidden])?,
            y: self.activation("y", &[needs.result_parts, chunk, hidden])?,
            qkv: self.activation("qkv", &[chunk, stride])?,
            values: match values {
                Some(columns) => Some(self.activation("values", &[columns])?),
                None => None,
            },
            q: self.activation("q", &[chunk, config.heads * head_dim])?,
            attended: self.activation("attended", &[chunk, config.heads * head_dim])?,
            partials: self.attention_parts(config)?,
            gate_up: self.activation("gate_up", &[(chunk * needs.gate_up_columns).max(2 * feed_forward)])?,
            gated: self.activation("gated", &[chunk, feed_forward.max(width)])?,
            halves: self.halves(needs)?,
            per_layer_rows: self.per_layer_rows(needs, per_layer_columns)?,
            per_layer: match config.per_layer {
                Some(_) => Some([
                    self.activation("per_layer", &[chunk, per_layer_columns])?,
                    self.activation("per_layer_context", &[chunk, per_layer_columns])?,
                ]),
                None => None,
            },
            experts: match &config.experts {
                Some(experts) => Some(self.experts(experts, hidden)?),
                None => None,
            },
            last: self.activation("last", &[hidden])?,
            logits: self.activation("logits", &[config.vocabulary])?,
            candidates: self.activation("candidates", &[candidates, 2])?,
            token: self.activation("token", &[1])?,
            asked: self.activation("asked", &[top_k::ASKED])?,
            survivors: self.activation("survivors", &[top_k::survivor_words(config.vocabulary)])?,
            strip_sums: self.activation("strip_sums", &[top_k::strips(config.vocabulary), 2])?,
            best: self.activation("best", &[top_k::result_words(config.vocabulary)])?,
            rope: [
                self.activation("rope.sliding", &[lines, rope(Attention::Sliding) / 2, 2])?,
                self.activation("rope.full", &[lines, rope(Attention::Full) / 2, 2])?,
            ],
            readback: self.push(
                "readback".to_owned(),
                Account::Staging,
                vec![u64::from(readback)],
                4 * u64::from(readback),
                no_remedy,
            )?,
            token_readbacks: [
                self.push("token_readback_0".to_owned(), Account::Staging, vec![1], 4, no_remedy)?,
                self.push("token_readback_1".to_owned(), Account::Staging, vec![1], 4, no_remedy)?,
            ],
        })
    }
}

impl Planner<'_> {
    fn attention_parts(&mut self, config: &Config) -> Result<Option<[usize; 2]>, Error> {
        let splits = |layer: &Layer| {
            let capacity = self.capacity(config, layer.attention);
            token_attention::splits(config.heads, layer.head_dim, capacity, window_of(config, layer))
        };
        let columns = config.layers.iter().map(|layer| splits(layer) * layer.head_dim).max();
        let splits = config.layers.iter().map(splits).max();
        let (Some(columns), Some(splits @ 1..)) = (columns, splits) else { return Ok(None) };
        Ok(Some([
            self.activation("attention_parts", &[config.heads * columns])?,
            self.activation("attention_sums", &[splits, config.heads, 2])?,
        ]))
    }

    fn halves(&mut self, needs: &PromptNeeds) -> Result<Option<[usize; 2]>, Error> {
        if !self.options.tiers.prompt_products.read_halves() {
            return Ok(None);
        }
        let chunk = self.options.chunk;
        // Two values to a word.
        let halves = self.activation("halves", &[chunk, needs.input_columns / 2])?;
        Ok(Some([halves, self.activation("half_scales", &[chunk])?]))
    }

    fn per_layer_rows(&mut self, needs: &PromptNeeds, columns: u32) -> Result<Option<[usize; 2]>, Error> {
        let Some(bytes) = needs.per_layer_rows else { return Ok(None) };
        let chunk = self.options.chunk;
        let (name, shape) = ("per_layer_rows".to_owned(), vec![u64::from(chunk), u64::from(columns)]);
        // They lie there as in the file, so their bytes are not those of the shape.
        let rows = self.push(name, Account::Activations, shape, bytes, "Ask for a smaller chunk")?;
        Ok(Some([rows, self.activation("row_numbers", &[chunk])?]))
    }

    fn experts(&mut self, experts: &Experts, hidden: u32) -> Result<ExpertArena, Error> {
        let chunk = self.options.chunk;
        let slots = chunk * experts.top_k;
        Ok(ExpertArena {
            dense: self.activation("dense", &[chunk, hidden])?,
            router: self.activation("router", &[chunk, experts.count])?,
            chosen: self.activation("chosen", &[slots])?,
            weights: self.activation("chosen_weights", &[slots])?,
            gate_up: self.activation("expert_gate_up", &[slots, 2 * experts.width])?,
            gated: self.activation("expert_gated", &[slots, experts.width])?,
            down: self.activation("expert_down", &[slots, hidden])?,
        })
    }
}

/// Keys a token of the layer sees; 0 for all.
fn window_of(config: &Config, layer: &Layer) -> u32 {
    match layer.attention {
        Attention::Sliding => config.window,
        Attention::Full => 0,
    }
}
