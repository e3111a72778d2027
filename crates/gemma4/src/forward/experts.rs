//! The mixture of experts, which runs beside the dense feed-forward.

use super::{Builder, Sum};
use crate::checkpoint::{ExpertWeights, MatrixId};
use crate::config::Experts;
use crate::plan::ExpertArena;
use gpu::Error;
use kernels::{expert_matvec, expert_sum, router_top_k};

impl Builder<'_> {
    /// Expects the residual in `h` and the dense result in `y`; leaves the sum of both normed results in `buffers.dense`.
    pub(super) fn experts(
        &mut self,
        l: usize,
        weights: &ExpertWeights,
        buffers: &ExpertArena,
        h: usize,
    ) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let experts = config.experts.expect("a model with expert weights has experts");
        let (top_k, width) = (experts.top_k, experts.width);
        self.norm(arena.y, weights.post_norm_dense, buffers.dense)?;
        self.norm(h, weights.router_scale, arena.x)?;
        self.product(weights.router, arena.x, buffers.router, experts.count)?;
        let shape = router_top_k::Shape { experts: experts.count, top_k };
        let scale = self.vector(weights.expert_scale);
        let [router, chosen, sums, step] =
            [buffers.router, buffers.chosen, buffers.weights, arena.step].map(|index| self.at(index));
        self.push(router_top_k::forward(self.device(), &shape, router, scale, chosen, sums, step)?);
        self.tap(format!("layer.{l}.router_top_idx"), buffers.chosen, top_k);
        self.tap(format!("layer.{l}.router_top_w"), buffers.weights, top_k);
        self.norm(h, weights.pre_norm, arena.x)?;
        // One matrix with gate and up rows, or one of each.
        let rows = 2 * width / weights.gate_up.len() as u32;
        for (n, &id) in weights.gate_up.iter().enumerate() {
            let to = ExpertOut { rows, stride: 2 * width, offset: n as u32 * rows };
            self.expert_product(id, arena.x, top_k, buffers.gate_up, to)?;
        }
        self.gate_and_up(width, top_k, buffers.gate_up, buffers.gated)?;
        let to = ExpertOut { rows: config.hidden, stride: config.hidden, offset: 0 };
        self.expert_product(weights.down, buffers.gated, 1, buffers.down, to)?;
        let shape = expert_sum::Shape { columns: config.hidden, top_k };
        let (down, y) = (self.at(buffers.down), self.at(arena.y));
        self.push(expert_sum::forward(self.device(), &shape, down, sums, y)?);
        self.tap(format!("layer.{l}.experts_out"), arena.y, config.hidden);
        self.add(Sum::whole(arena.y), weights.post_norm_experts, self.model.checkpoint().one, buffers.dense)
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
        let Experts { count, top_k, .. } =
            self.config().experts.expect("a model with expert weights has experts");
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
            self.reads(part.layout.bytes() * u64::from(top_k) / u64::from(count));
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
