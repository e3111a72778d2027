//! A chunk of a prompt: every product is a tiled matrix product over all of its tokens.

use super::{AttentionLayer, Builder, Pass};
use crate::checkpoint::LayerWeights;
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
        self.attention(l, layer, weights)?;
        self.tap(format!("layer.{l}.attn_out"), arena.y, config.hidden);
        self.add_and_norm(arena.y, weights.post_attention_norm, checkpoint.one, arena.h, weights.ffn_norm)?;
        self.feed_forward(layer, weights)?;
        self.tap(format!("layer.{l}.mlp_out"), arena.y, config.hidden);
        let mut result = arena.y;
        if let (Some(experts), Some(buffers)) = (&weights.experts, &arena.experts) {
            self.experts(l, experts, buffers, arena.h)?;
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
            Some(next) => self.add_and_norm(result, norm, weights.output_scale, arena.h, next.attn_norm)?,
            None => self.add(result, norm, weights.output_scale, arena.h)?,
        }
        self.tap(format!("layer.{l}.out"), arena.h, config.hidden);
        Ok(())
    }

    fn attention(&mut self, l: usize, layer: &Layer, weights: &LayerWeights) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let Layer { kv_heads, head_dim, .. } = *layer;
        let AttentionLayer { own_heads, stride, v_offset, cache, rope, window } = self.attention_layer(l);
        let CachePlan { keys, values, capacity, .. } = cache;
        let kv = self.model.plan().options.kv;
        self.product(weights.qkv, arena.x, arena.qkv, stride, 0)?;
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
        let shape = attention::Shape { heads: config.heads, kv_heads, head_dim, capacity, window, kv };
        let inputs = Inputs {
            q: self.at(arena.q),
            k_cache: self.at(keys),
            v_cache: self.at(values),
            step: self.at(arena.step),
        };
        let attended = self.at(arena.attended);
        self.push(attention::forward(self.device(), &shape, inputs, attended)?);
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
}
