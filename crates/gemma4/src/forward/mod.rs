//! The forward pass as lists of prepared dispatches: one for chunks of a prompt (products as tiled matrix products),
//! one for single tokens (products as matrix times vector, attention split over the keys), and the output head. They
//! read and write the same buffers, so either can follow the other.
//!
//! The order of operations is that of Hugging Face `Gemma4TextModel`.

use crate::checkpoint::{ExpertWeights, LayerWeights, MatrixId, VectorId};
use crate::config::{Attention, Config, Kv, Layer};
use crate::model::Model;
use crate::plan::{Arena, CachePlan, ExpertArena, Part};
use gpu::{Binding, Buffer, Error};
use kernels::attention::{self, Inputs};
use kernels::op::Op;
use kernels::{
    argmax, embed, expert_matvec, expert_sum, gelu_mul, head_norm_rope, matmul, matvec, norm_add,
    norm_add_norm, per_layer_combine, rms_norm, router_top_k, softcap,
};

/// How products are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// For chunks of any length.
    Prompt,
    /// For one token.
    Decode,
}

/// A value that can be looked at after an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// What it is, named as in the goldens: `layer.3.out`.
    pub name: String,
    /// Index of the buffer in the plan.
    pub buffer: usize,
    /// Width of a row.
    pub columns: u32,
}

/// A list of dispatches and what can be seen between them.
#[derive(Default)]
pub(crate) struct Pass {
    /// The dispatches in order.
    pub(crate) ops: Vec<Op>,
    /// Taps with the number of dispatches after which each holds.
    pub(crate) taps: Vec<(usize, Tap)>,
    /// Numbers of dispatches at which layers end: places to look for a cancellation.
    pub(crate) layer_ends: Vec<usize>,
}

/// Builds passes over a model's weights and a context's buffers.
pub(crate) struct Builder<'a> {
    pub(crate) model: &'a Model,
    /// One entry per planned buffer; none for weights.
    pub(crate) buffers: &'a [Option<Buffer>],
    pub(crate) path: Path,
    pass: Pass,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(model: &'a Model, buffers: &'a [Option<Buffer>], path: Path) -> Builder<'a> {
        Builder { model, buffers, path, pass: Pass::default() }
    }

    /// Embedding, per-layer inputs and all layers.
    pub(crate) fn layers(mut self) -> Result<Pass, Error> {
        self.embedding()?;
        for l in 0..self.config().layers.len() {
            self.layer(l)?;
            self.pass.layer_ends.push(self.pass.ops.len());
        }
        Ok(self.pass)
    }

    /// Final norm of the step's row and logits; the arg-max comes after `taps[0]`'s number of dispatches.
    pub(crate) fn head(mut self) -> Result<Pass, Error> {
        let arena = self.arena();
        let checkpoint = self.model.checkpoint();
        let vocabulary = self.config().vocabulary;
        let shape = rms_norm::Shape { rows: rms_norm::Rows::OfStep, ..self.norm_shape() };
        let norm = self.vector(checkpoint.output_norm);
        self.push(rms_norm::forward(
            self.device(),
            &shape,
            self.at(arena.h),
            norm,
            self.at(arena.last),
            self.at(arena.step),
        )?);
        let weights = checkpoint.output.unwrap_or(checkpoint.embeddings);
        self.path = Path::Decode;
        self.product(weights, arena.last, arena.logits, vocabulary, 0)?;
        if let Some(cap) = self.config().softcap {
            let shape = softcap::Shape { n: vocabulary, cap };
            self.push(softcap::forward(self.device(), &shape, self.at(arena.logits))?);
        }
        self.tap("logits", arena.logits, vocabulary);
        self.push(argmax::forward(self.device(), vocabulary, self.at(arena.logits), self.at(arena.token))?);
        Ok(self.pass)
    }

    fn config(&self) -> &'a Config {
        self.model.config()
    }

    fn device(&self) -> &'a gpu::Device {
        self.model.device()
    }

    fn arena(&self) -> &'a Arena {
        &self.model.plan().arena
    }

    fn push(&mut self, op: Op) {
        self.pass.ops.push(op);
    }

    fn tap(&mut self, name: impl Into<String>, buffer: usize, columns: u32) {
        self.pass.taps.push((self.pass.ops.len(), Tap { name: name.into(), buffer, columns }));
    }

    /// A buffer of the context.
    fn at(&self, index: usize) -> Binding<'a> {
        Binding::from(self.buffers[index].as_ref().expect("activations are created with the context"))
    }

    fn vector(&self, id: VectorId) -> Binding<'a> {
        let plan = self.model.plan();
        let slice = plan.vectors[id];
        Binding {
            buffer: self.model.buffer(plan.vectors_buffer),
            offset: slice.offset,
            bytes: Some(slice.bytes),
        }
    }

    fn weight(&self, part: &Part) -> Binding<'a> {
        Binding::from(self.model.buffer(part.buffer))
    }

    fn norm_shape(&self) -> rms_norm::Shape {
        let Config { hidden, epsilon, .. } = *self.config();
        rms_norm::Shape { columns: hidden, epsilon, rows: rms_norm::Rows::All }
    }

    /// `y[.., offset ..] = x W^T`, y with rows of `stride`.
    fn product(&mut self, id: MatrixId, x: usize, y: usize, stride: u32, offset: u32) -> Result<(), Error> {
        let plan = self.model.plan();
        let (x, y, step) = (self.at(x), self.at(y), self.at(plan.arena.step));
        for part in &plan.matrices[id] {
            let out_offset = offset + part.first_row as u32;
            let op = match self.path {
                Path::Decode => {
                    let shape = matvec::Shape { weight: &part.layout, out_offset };
                    matvec::forward(self.device(), &shape, self.weight(part), x, y)?
                }
                Path::Prompt => {
                    let shape = matmul::Shape { weight: &part.layout, out_stride: stride, out_offset };
                    matmul::forward(self.device(), &shape, self.weight(part), x, y, step)?
                }
            };
            self.push(op);
        }
        Ok(())
    }

    /// `y = rms(x) * w` over rows of the residual's width.
    fn norm(&mut self, x: usize, w: VectorId, y: usize) -> Result<(), Error> {
        let step = self.at(self.arena().step);
        let (x, w, y) = (self.at(x), self.vector(w), self.at(y));
        self.push(rms_norm::forward(self.device(), &self.norm_shape(), x, w, y, step)?);
        Ok(())
    }

    /// `h = (h + rms(x) * w) * scale`.
    fn add(&mut self, x: usize, w: VectorId, scale: VectorId, h: usize) -> Result<(), Error> {
        let Config { hidden, epsilon, .. } = *self.config();
        let shape = norm_add::Shape { columns: hidden, epsilon };
        let (x, w, scale, h) = (self.at(x), self.vector(w), self.vector(scale), self.at(h));
        self.push(norm_add::forward(self.device(), &shape, x, w, scale, h)?);
        Ok(())
    }

    /// `h = (h + rms(x) * w) * scale`, then `x = rms(h) * next` for the next reader.
    fn add_and_norm(&mut self, x: usize, w: VectorId, scale: VectorId, next: VectorId) -> Result<(), Error> {
        let Config { hidden, epsilon, .. } = *self.config();
        let shape = norm_add::Shape { columns: hidden, epsilon };
        let arena = self.arena();
        let buffers = norm_add_norm::Buffers {
            x: self.at(x),
            w: self.vector(w),
            scale: self.vector(scale),
            h: self.at(arena.h),
            next: self.vector(next),
            y: self.at(arena.x),
        };
        self.push(norm_add_norm::forward(self.device(), &shape, buffers)?);
        Ok(())
    }

    /// Rows of a table to `y`; a part that does not hold a token's row leaves it alone.
    fn gather(&mut self, table: MatrixId, y: usize, scale: f32) -> Result<(), Error> {
        let plan = self.model.plan();
        for part in &plan.matrices[table] {
            let shape = embed::Shape { table: &part.layout, first_row: part.first_row as u32, scale };
            let (ids, y) = (self.at(plan.arena.ids), self.at(y));
            self.push(embed::forward(self.device(), &shape, self.weight(part), ids, y)?);
        }
        Ok(())
    }

    fn embedding(&mut self) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let checkpoint = self.model.checkpoint();
        self.gather(checkpoint.embeddings, arena.h, (config.hidden as f32).sqrt())?;
        self.tap("embed_scaled", arena.h, config.hidden);
        if let (Some(weights), Some(width), Some([inputs, context])) =
            (&checkpoint.per_layer, config.per_layer, arena.per_layer)
        {
            let layers = config.layers.len() as u32;
            // A streamed table's rows are written by the host before the step; it has no parts to gather from.
            self.gather(weights.table, inputs, (width as f32).sqrt())?;
            self.product(weights.projection, arena.h, context, layers * width, 0)?;
            let shape = per_layer_combine::Shape {
                layers,
                columns: width,
                context_scale: (config.hidden as f32).sqrt().recip(),
                epsilon: config.epsilon,
            };
            let (context, norm) = (self.at(context), self.vector(weights.norm));
            self.push(per_layer_combine::forward(self.device(), &shape, context, norm, self.at(inputs))?);
            self.tap("per_layer_inputs", inputs, layers * width);
        }
        self.norm(arena.h, checkpoint.layers[0].attn_norm, arena.x)
    }

    /// Expects the normed residual in `x`; leaves the next layer's there.
    fn layer(&mut self, l: usize) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let checkpoint = self.model.checkpoint();
        let (layer, weights) = (&config.layers[l], &checkpoint.layers[l]);
        self.attention(l, layer, weights)?;
        self.tap(format!("layer.{l}.attn_out"), arena.y, config.hidden);
        self.add_and_norm(arena.y, weights.post_attention_norm, checkpoint.one, weights.ffn_norm)?;
        self.feed_forward(layer, weights)?;
        self.tap(format!("layer.{l}.mlp_out"), arena.y, config.hidden);
        let mut result = arena.y;
        if let (Some(experts), Some(buffers)) = (&weights.experts, &arena.experts) {
            self.experts(l, experts, buffers)?;
            result = buffers.dense;
        }
        let mut norm = weights.post_ffw_norm;
        if let (Some(per_layer), Some(width), Some([inputs, _])) =
            (&weights.per_layer, config.per_layer, arena.per_layer)
        {
            self.add(result, norm, checkpoint.one, arena.h)?;
            self.product(per_layer.gate, arena.h, arena.gate_up, width, 0)?;
            let b_stride = width * config.layers.len() as u32;
            let shape =
                gelu_mul::Shape { columns: width, a_stride: width, b_stride, b_offset: width * l as u32 };
            let (gate, input, gated) = (self.at(arena.gate_up), self.at(inputs), self.at(arena.gated));
            self.push(gelu_mul::forward(self.device(), &shape, gate, input, gated)?);
            self.product(per_layer.proj, arena.gated, arena.y, config.hidden, 0)?;
            (result, norm) = (arena.y, per_layer.post_norm);
        }
        match checkpoint.layers.get(l + 1) {
            Some(next) => self.add_and_norm(result, norm, weights.output_scale, next.attn_norm)?,
            None => self.add(result, norm, weights.output_scale, arena.h)?,
        }
        self.tap(format!("layer.{l}.out"), arena.h, config.hidden);
        Ok(())
    }

    fn attention(&mut self, l: usize, layer: &Layer, weights: &LayerWeights) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let Layer { kv_heads, head_dim, .. } = *layer;
        let (owner, own_heads, v_head) = match layer.kv {
            Kv::Own => (l, kv_heads, config.heads + kv_heads),
            Kv::KeysAsValues => (l, kv_heads, config.heads),
            Kv::SharedWith(donor) => (donor as usize, 0, config.heads),
        };
        let stride = match layer.kv {
            Kv::Own => (config.heads + 2 * kv_heads) * head_dim,
            Kv::KeysAsValues => (config.heads + kv_heads) * head_dim,
            Kv::SharedWith(_) => config.heads * head_dim,
        };
        let CachePlan { keys, values, capacity, .. } =
            self.model.plan().caches[owner].expect("donors own a cache");
        let (rope, window) = match layer.attention {
            Attention::Sliding => (arena.rope[0], config.window),
            Attention::Full => (arena.rope[1], 0),
        };
        let kv = self.model.plan().options.kv;
        self.product(weights.qkv, arena.x, arena.qkv, stride, 0)?;
        let shape = head_norm_rope::Shape {
            heads: config.heads,
            kv_heads: own_heads,
            head_dim,
            stride,
            v_offset: v_head * head_dim,
            capacity,
            kv,
            epsilon: config.epsilon,
        };
        let buffers = head_norm_rope::Buffers {
            qkv: self.at(arena.qkv),
            norms: self.vector(weights.head_norms),
            rope: self.at(rope),
            q: self.at(arena.q),
            k_cache: self.at(keys),
            v_cache: self.at(values),
            step: self.at(arena.step),
        };
        self.push(head_norm_rope::forward(self.device(), &shape, buffers)?);
        self.tap(format!("layer.{l}.q"), arena.q, config.heads * head_dim);
        let shape = attention::Shape { heads: config.heads, kv_heads, head_dim, capacity, window, kv };
        let inputs = Inputs {
            q: self.at(arena.q),
            k_cache: self.at(keys),
            v_cache: self.at(values),
            step: self.at(arena.step),
        };
        let attended = self.at(arena.attended);
        match self.path {
            Path::Prompt => self.push(attention::forward(self.device(), &shape, inputs, attended)?),
            Path::Decode => {
                let [partial, sums] = arena.partial.map(|index| self.at(index));
                self.push(attention::split(self.device(), &shape, inputs, partial, sums)?);
                let merged =
                    attention::merge(self.device(), config.heads, head_dim, partial, sums, attended)?;
                self.push(merged);
            }
        }
        self.product(weights.output, arena.attended, arena.y, config.hidden, 0)
    }

    fn feed_forward(&mut self, layer: &Layer, weights: &LayerWeights) -> Result<(), Error> {
        let arena = self.arena();
        let width = layer.feed_forward;
        self.product(weights.gate_up, arena.x, arena.gate_up, 2 * width, 0)?;
        let shape =
            gelu_mul::Shape { columns: width, a_stride: 2 * width, b_stride: 2 * width, b_offset: width };
        let (both, gated) = (self.at(arena.gate_up), self.at(arena.gated));
        self.push(gelu_mul::forward(self.device(), &shape, both, both, gated)?);
        self.product(weights.down, arena.gated, arena.y, self.config().hidden, 0)
    }

    /// Expects the dense result in `y`; leaves the sum of both normed results in `buffers.dense`.
    fn experts(&mut self, l: usize, weights: &ExpertWeights, buffers: &ExpertArena) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let experts = config.experts.expect("a model with expert weights has experts");
        let (top_k, width) = (experts.top_k, experts.width);
        self.norm(arena.y, weights.post_norm_dense, buffers.dense)?;
        self.norm(arena.h, weights.router_scale, arena.x)?;
        self.product(weights.router, arena.x, buffers.router, experts.count, 0)?;
        let shape = router_top_k::Shape { experts: experts.count, top_k };
        let scale = self.vector(weights.expert_scale);
        let [router, chosen, sums, step] =
            [buffers.router, buffers.chosen, buffers.weights, arena.step].map(|index| self.at(index));
        self.push(router_top_k::forward(self.device(), &shape, router, scale, chosen, sums, step)?);
        self.tap(format!("layer.{l}.router_top_idx"), buffers.chosen, top_k);
        self.tap(format!("layer.{l}.router_top_w"), buffers.weights, top_k);
        self.norm(arena.h, weights.pre_norm, arena.x)?;
        // One matrix with gate and up rows, or one of each.
        let rows = 2 * width / weights.gate_up.len() as u32;
        for (n, &id) in weights.gate_up.iter().enumerate() {
            let to = ExpertOut { rows, stride: 2 * width, offset: n as u32 * rows };
            self.expert_product(id, arena.x, top_k, buffers.gate_up, to)?;
        }
        let shape =
            gelu_mul::Shape { columns: width, a_stride: 2 * width, b_stride: 2 * width, b_offset: width };
        let (both, gated) = (self.at(buffers.gate_up), self.at(buffers.gated));
        self.push(gelu_mul::per_slot(self.device(), &shape, top_k, both, both, gated)?);
        let to = ExpertOut { rows: config.hidden, stride: config.hidden, offset: 0 };
        self.expert_product(weights.down, buffers.gated, 1, buffers.down, to)?;
        let shape = expert_sum::Shape { columns: config.hidden, top_k };
        let (down, y) = (self.at(buffers.down), self.at(arena.y));
        self.push(expert_sum::forward(self.device(), &shape, down, sums, y)?);
        self.tap(format!("layer.{l}.experts_out"), arena.y, config.hidden);
        self.add(arena.y, weights.post_norm_experts, self.model.checkpoint().one, buffers.dense)
    }

    fn expert_product(
        &mut self,
        id: MatrixId,
        x: usize,
        slots_per_input: u32,
        y: usize,
        out: ExpertOut,
    ) -> Result<(), Error> {
        let plan = self.model.plan();
        let top_k = self.config().experts.expect("a model with expert weights has experts").top_k;
        let chosen = plan.arena.experts.as_ref().expect("planned with the experts").chosen;
        for part in &plan.matrices[id] {
            let shape = expert_matvec::Shape {
                weight: &part.layout,
                rows: out.rows,
                first_expert: part.first_row as u32 / out.rows,
                top_k,
                slots_per_input,
                out_stride: out.stride,
                out_offset: out.offset,
            };
            let (x, chosen, y) = (self.at(x), self.at(chosen), self.at(y));
            self.push(expert_matvec::forward(self.device(), &shape, self.weight(part), x, chosen, y)?);
        }
        Ok(())
    }
}

/// Where an expert product's rows go in a slot's row of y.
struct ExpertOut {
    rows: u32,
    stride: u32,
    offset: u32,
}
