//! A chunk of a prompt: every product is a tiled matrix product over all of its tokens.

use super::{AttentionLayer, Builder, Pass, Stage, Sum};
use crate::checkpoint::{LayerWeights, PerLayerWeights};
use crate::config::Layer;
use crate::plan::CachePlan;
use gpu::Error;
use kernels::attention::{self, Inputs};
use kernels::{gelu_mul, head_norm_rope, rms_norm};

impl Builder<'_> {
    /// Embedding, per-layer inputs, all layers, and the head over the step's row.
    pub(super) fn prompt(mut self) -> Result<Pass, Error> {
        self.embedding()?;
        let (arena, checkpoint) = (self.arena(), self.model.checkpoint());
        self.norm(arena.h, checkpoint.layers[0].attn_norm, arena.x)?;
        for l in 0..self.config().layers.len() {
            self.layer(l)?;
            self.pass.layer_ends.push(self.pass.ops.len());
        }
        self.pass.layers = self.pass.ops.len();
        let shape = rms_norm::Shape { rows: rms_norm::Rows::OfStep, ..self.norm_shape() };
        let norm = self.vector(checkpoint.output_norm);
        let [h, last, step] = [arena.h, arena.last, arena.step].map(|index| self.at(index));
        self.push(rms_norm::forward(self.device(), &shape, h, norm, last, step)?);
        let reading = self.plain(last, self.head());
        self.logits(&reading)?;
        Ok(self.pass)
    }

    /// Expects the normed residual in `x`; leaves the next layer's there.
    fn layer(&mut self, l: usize) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let checkpoint = self.model.checkpoint();
        let (layer, weights) = (&config.layers[l], &checkpoint.layers[l]);
        let attended = self.attention(l, layer, weights)?;
        self.tap_parts(format!("layer.{l}.attn_out"), attended.buffer, config.hidden, attended.parts);
        self.add_and_norm(attended, weights.post_attention_norm, checkpoint.one, arena.h, weights.ffn_norm)?;
        self.stage = Stage::GateUp;
        self.gated_product(weights.gate_up, arena.x, layer.feed_forward)?;
        self.stage = Stage::Down;
        let mut result = if let (Some(experts), Some(buffers)) = (&weights.experts, &arena.experts) {
            self.prompt_product(weights.down, arena.gated, arena.y, config.hidden)?;
            self.tap(format!("layer.{l}.mlp_out"), arena.y, config.hidden);
            self.stage = Stage::Experts;
            self.experts(l, experts, buffers, arena.h)?;
            Sum::whole(buffers.dense)
        } else {
            let result = self.product_in_parts(weights.down, arena.gated, arena.y)?;
            self.tap_parts(format!("layer.{l}.mlp_out"), result.buffer, config.hidden, result.parts);
            result
        };
        let mut norm = weights.post_ffw_norm;
        if let (Some(per_layer), Some(width)) = (&weights.per_layer, config.per_layer) {
            self.add(result, norm, checkpoint.one, arena.h)?;
            self.stage = Stage::PerLayer;
            result = self.per_layer(l, per_layer, width)?;
            norm = per_layer.post_norm;
        }
        match checkpoint.layers.get(l + 1) {
            Some(next) => self.add_and_norm(result, norm, weights.output_scale, arena.h, next.attn_norm)?,
            None => self.add(result, norm, weights.output_scale, arena.h)?,
        }
        self.tap(format!("layer.{l}.out"), arena.h, config.hidden);
        Ok(())
    }

    /// The layer's share of the per-layer embedding, of the residual in `h`.
    fn per_layer(&mut self, l: usize, weights: &PerLayerWeights, width: u32) -> Result<Sum, Error> {
        let arena = self.arena();
        let (input, column) = self.per_layer_columns(l, width);
        let gate = self.product_in_parts(weights.gate, arena.h, arena.gate_up)?;
        let shape = gelu_mul::Shape {
            columns: width,
            x_stride: width,
            parts: gate.parts,
            b_stride: width * self.config().layers.len() as u32,
            b_offset: column,
        };
        let (gate, gated) = (self.at(gate.buffer), self.at(arena.gated));
        self.push(gelu_mul::forward(self.device(), &shape, gate, input, gated)?);
        self.product_in_parts(weights.proj, arena.gated, arena.y)
    }

    fn attention(&mut self, l: usize, layer: &Layer, weights: &LayerWeights) -> Result<Sum, Error> {
        let arena = self.arena();
        let config = self.config();
        let Layer { kv_heads, head_dim, .. } = *layer;
        let AttentionLayer { own_heads, stride, v_offset, cache, rope, window } = self.attention_layer(l);
        let CachePlan { keys, values, capacity, .. } = cache;
        let kv = self.model.plan().options.kv;
        self.stage = Stage::Qkv;
        self.prompt_product(weights.qkv, arena.x, arena.qkv, stride)?;
        self.stage = Stage::Attention;
        let shape = head_norm_rope::Shape {
            heads: config.heads,
            kv_heads: own_heads,
            head_dim,
            stride,
            v_offset,
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
        let products = attention::Products::of(self.model.plan().options.tiers.prompt_products, kv, head_dim);
        let q = match products {
            attention::Products::Float => vec![self.at(arena.q)],
            attention::Products::Cooperative => self.halves(arena.q, config.heads * head_dim)?,
        };
        let shape =
            attention::Shape { heads: config.heads, kv_heads, head_dim, capacity, window, kv, products };
        let (k_cache, v_cache, step) = (self.at(keys), self.at(values), self.at(arena.step));
        let inputs = Inputs { q: &q, k_cache, v_cache, step };
        let attended = self.at(arena.attended);
        self.push(attention::forward(self.device(), &shape, inputs, attended)?);
        self.stage = Stage::Output;
        self.product_in_parts(weights.output, arena.attended, arena.y)
    }
}
