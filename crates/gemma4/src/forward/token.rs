//! A single token. Dispatches are what a token costs besides its weights, so what lies between two products is done by the
//! one that follows or by the one before: norms and residual sums where a product reads, gates where it stores.

use super::{AttentionLayer, Builder, Pass, Reading, Stage, Sum};
use crate::checkpoint::{LayerWeights, MatrixId, PerLayerWeights, VectorId};
use crate::config::Layer;
use crate::plan::{CachePlan, values_apart};
use gpu::{Binding, Error};
use kernels::matvec::{Input, Order, Store, SumRows, interleaved_blocks};
use kernels::token_attention;

/// The residual stream between two products.
struct Residual {
    /// The buffer it is in.
    at: usize,
    /// How it and what is pending lie.
    rows: SumRows,
    /// What is yet to be added to it.
    pending: Option<Pending>,
}

/// `h = (h + rms(result) * norm) * scale`, left to the next product.
struct Pending {
    result: usize,
    norm: VectorId,
    scale: VectorId,
}

impl<'a> Builder<'a> {
    /// Embedding, per-layer inputs, all layers and the head.
    pub(super) fn token(mut self) -> Result<Pass, Error> {
        self.embedding()?;
        let mut residual = self.embedded();
        for l in 0..self.config().layers.len() {
            self.token_layer(l, &mut residual)?;
        }
        self.pass.layers = self.pass.ops.len();
        self.stage = Stage::Head;
        let norm = self.model.checkpoint().output_norm;
        let reading = self.last_normed(residual, norm)?;
        self.logits(&reading)?;
        Ok(self.pass)
    }

    /// The residual as the embedding leaves it. What is added to it lies interleaved if nothing but residual sums reads it.
    fn embedded(&self) -> Residual {
        let layers = &self.model.checkpoint().layers;
        let sums_only = layers.iter().all(|layer| {
            let gate = layer.per_layer.as_ref().map(|per_layer| per_layer.gate);
            let mut readers = [layer.qkv, layer.gate_up].into_iter().chain(gate);
            layer.experts.is_none() && readers.all(|id| self.fits(id))
        });
        let all = sums_only && self.fits(self.head());
        let rows = if all { SumRows::FromEmbedding } else { SumRows::Usual };
        Residual { at: self.arena().h, rows, pending: None }
    }

    /// The product of which the residual's next sum is made.
    fn result(&mut self, id: MatrixId, reading: &Reading<'a>, residual: &Residual) -> Result<(), Error> {
        let blocks = residual.rows.result_blocks(self.config().hidden);
        self.token_product(id, reading, self.arena().y, blocks)
    }

    fn token_layer(&mut self, l: usize, residual: &mut Residual) -> Result<(), Error> {
        let (arena, config, checkpoint) = (self.arena(), self.config(), self.model.checkpoint());
        let (layer, weights) = (&config.layers[l], &checkpoint.layers[l]);
        self.token_attention(l, layer, weights, residual)?;
        residual.pending =
            Some(Pending { result: arena.y, norm: weights.post_attention_norm, scale: checkpoint.one });
        self.token_feed_forward(layer, weights, residual)?;
        let mut result = arena.y;
        if let (Some(experts), Some(buffers)) = (&weights.experts, &arena.experts) {
            self.stage = Stage::Experts;
            self.experts(l, experts, buffers, residual.at)?;
            result = buffers.dense;
        }
        let mut norm = weights.post_ffw_norm;
        if let Some(per_layer) = &weights.per_layer {
            residual.pending = Some(Pending { result, norm, scale: checkpoint.one });
            self.token_per_layer(l, per_layer, residual)?;
            (result, norm) = (arena.y, per_layer.post_norm);
        }
        residual.pending = Some(Pending { result, norm, scale: weights.output_scale });
        Ok(())
    }

    fn token_attention(
        &mut self,
        l: usize,
        layer: &Layer,
        weights: &LayerWeights,
        residual: &mut Residual,
    ) -> Result<(), Error> {
        let (arena, config) = (self.arena(), self.config());
        self.stage = Stage::Qkv;
        let reading = self.normed(residual, weights.attn_norm, weights.qkv)?;
        let raw_values = self.token_qkv(layer, weights.qkv, &reading)?;
        let AttentionLayer { own_heads, v_offset, cache, rope, window, .. } = self.attention_layer(l);
        let CachePlan { keys, values, capacity, .. } = cache;
        let order = self.order_for(weights.output);
        let shape = token_attention::Shape {
            heads: config.heads,
            kv_heads: layer.kv_heads,
            own: own_heads > 0,
            head_dim: layer.head_dim,
            v_offset: if raw_values == arena.qkv { v_offset } else { 0 },
            capacity,
            window,
            kv: self.model.plan().options.kv,
            epsilon: config.epsilon,
            order,
            width: self.model.plan().options.tiers.token_attention,
            sums: self.model.plan().options.tiers.token_sums,
        };
        let attended = self.at(arena.attended);
        let buffers = token_attention::Buffers {
            qkv: self.at(arena.qkv),
            values: self.at(raw_values),
            norms: self.vector(weights.head_norms),
            rope: self.at(rope),
            k_cache: self.at(keys),
            v_cache: self.at(values),
            step: self.at(arena.step),
            partials: arena.partials.map(|parts| parts.map(|index| self.at(index))),
            y: attended,
        };
        let stages = [Stage::Attention, Stage::AttentionMerge];
        for (stage, op) in stages.into_iter().zip(token_attention::forward(self.device(), &shape, buffers)?) {
            self.stage = stage;
            self.push(op);
        }
        self.stage = Stage::Output;
        let reading = self.left(attended, weights.output, order);
        self.result(weights.output, &reading, residual)
    }

    /// Queries, keys and values; gives the buffer that the values are in. Parts of the matrix that have nothing but values have a
    /// buffer of their own for them: as no two of the dispatches then write the same buffer, they run at once.
    fn token_qkv(&mut self, layer: &Layer, id: MatrixId, reading: &Reading<'a>) -> Result<usize, Error> {
        let arena = self.arena();
        let parts = &self.model.plan().matrices[id];
        let apart = values_apart(self.config(), layer, parts);
        let values = apart.map_or(arena.qkv, |_| arena.values.expect("planned with the parts"));
        let again = reading.again();
        for (n, part) in parts.iter().enumerate() {
            let (y, first_row) = match apart {
                Some(first) if n >= first => (values, parts[first].first_row),
                _ => (arena.qkv, 0),
            };
            let store = Store::Rows { offset: (part.first_row - first_row) as u32, blocks: 0 };
            self.part_product(part, if n == 0 { reading } else { &again }, store, &[self.at(y)])?;
        }
        Ok(values)
    }

    fn token_feed_forward(
        &mut self,
        layer: &Layer,
        weights: &LayerWeights,
        residual: &mut Residual,
    ) -> Result<(), Error> {
        let arena = self.arena();
        let width = layer.feed_forward;
        self.stage = Stage::GateUp;
        let reading = self.normed(residual, weights.ffn_norm, weights.gate_up)?;
        let gated = self.at(arena.gated);
        let reading = if let [both] = &self.model.plan().matrices[weights.gate_up][..] {
            let order = self.order_for(weights.down);
            self.part_product(both, &reading, Store::Gated(order), &[gated])?;
            self.left(gated, weights.down, order)
        } else {
            self.token_product(weights.gate_up, &reading, arena.gate_up, 0)?;
            self.gate_and_up(width, 1, arena.gate_up, arena.gated)?;
            self.plain(gated, weights.down)
        };
        self.stage = Stage::Down;
        self.result(weights.down, &reading, residual)
    }

    /// Leaves the layer's share of the per-layer embedding in `y`.
    fn token_per_layer(
        &mut self,
        l: usize,
        weights: &PerLayerWeights,
        residual: &mut Residual,
    ) -> Result<(), Error> {
        let arena = self.arena();
        let width =
            self.config().per_layer.expect("a layer with per-layer weights is of a model with a width");
        self.stage = Stage::PerLayer;
        let reading = self.summed(residual, weights.gate)?;
        let gated = self.at(arena.gated);
        let (up, column) = self.per_layer_columns(l, width);
        let parts = &self.model.plan().matrices[weights.gate];
        // Rows in several parts do not end with whole sixteens.
        let order = if parts.len() == 1 { self.order_for(weights.proj) } else { Order::Interleaved };
        for part in parts {
            let offset = part.first_row as u32;
            let store = Store::Gate { order, offset, rows: width, up_offset: column + offset };
            self.part_product(part, &reading, store, &[gated, up])?;
        }
        let reading = self.left(gated, weights.proj, order);
        self.result(weights.proj, &reading, residual)
    }

    /// What a kernel left in an order for the product with a matrix.
    fn left(&self, x: Binding<'a>, id: MatrixId, order: Order) -> Reading<'a> {
        let columns = self.model.plan().matrices[id][0].layout.columns as u32;
        match order {
            Order::Packed => Reading { input: Input::Packed, bindings: vec![x] },
            // Where rows do not end with a block it is the usual order.
            Order::Interleaved if interleaved_blocks(columns) == 0 => self.plain(x, id),
            Order::Interleaved => Reading { input: Input::Interleaved, bindings: vec![x] },
        }
    }

    /// `x = rms(h) * next` for the product with a matrix, with what is pending added to h first.
    fn normed(
        &mut self,
        residual: &mut Residual,
        next: VectorId,
        id: MatrixId,
    ) -> Result<Reading<'a>, Error> {
        let (arena, epsilon) = (self.arena(), self.config().epsilon);
        let fits = self.fits(id);
        Ok(match residual.pending.take() {
            Some(pending) if fits => {
                let input = Input::Residual { epsilon, rows: residual.rows };
                let mut bindings = self.stored_sum(residual, &pending);
                bindings.push(self.vector(next));
                Reading { input, bindings }
            }
            None if fits => {
                let bindings = vec![self.at(residual.at), self.vector(next)];
                Reading { input: Input::Norm { epsilon }, bindings }
            }
            Some(Pending { result, norm, scale }) => {
                self.add_and_norm(Sum::whole(result), norm, scale, residual.at, next)?;
                self.plain(self.at(arena.x), id)
            }
            None => {
                self.norm(residual.at, next, arena.x)?;
                self.plain(self.at(arena.x), id)
            }
        })
    }

    /// As [`Builder::normed`], for the last reader of the residual: nothing is stored of it.
    fn last_normed(&mut self, mut residual: Residual, next: VectorId) -> Result<Reading<'a>, Error> {
        let id = self.head();
        let fits = self.fits(id);
        if let Some(pending) = residual.pending.as_ref().filter(|_| fits) {
            let mut bindings = self.sum(residual.at, pending);
            bindings.push(self.vector(next));
            let input = Input::LastResidual { epsilon: self.config().epsilon, rows: residual.rows };
            return Ok(Reading { input, bindings });
        }
        self.normed(&mut residual, next, id)
    }

    /// `x = h` for the product with a matrix, with what is pending added to h first.
    fn summed(&mut self, residual: &mut Residual, id: MatrixId) -> Result<Reading<'a>, Error> {
        Ok(match residual.pending.take() {
            Some(pending) if self.fits(id) => {
                let input = Input::ResidualPlain { epsilon: self.config().epsilon, rows: residual.rows };
                Reading { input, bindings: self.stored_sum(residual, &pending) }
            }
            Some(Pending { result, norm, scale }) => {
                self.add(Sum::whole(result), norm, scale, residual.at)?;
                self.plain(self.at(residual.at), id)
            }
            None => self.plain(self.at(residual.at), id),
        })
    }

    /// The bindings of a sum, and the residual in the other of its two buffers: all workgroups read the old one.
    fn stored_sum(&self, residual: &mut Residual, pending: &Pending) -> Vec<Binding<'a>> {
        let arena = self.arena();
        let mut bindings = self.sum(residual.at, pending);
        residual.at = if residual.at == arena.h { arena.h_next } else { arena.h };
        bindings.push(self.at(residual.at));
        residual.rows = residual.rows.next();
        bindings
    }

    /// What a sum reads: the residual at `h`, the result, its norm and the scale.
    fn sum(&self, h: usize, pending: &Pending) -> Vec<Binding<'a>> {
        let &Pending { result, norm, scale } = pending;
        vec![self.at(h), self.at(result), self.vector(norm), self.vector(scale)]
    }
}
