//! Products for the tokens of a chunk. Where they multiply f16, x is rounded first, in a dispatch of its own.

use super::{Builder, Sum};
use crate::checkpoint::MatrixId;
use gpu::{Binding, Error};
use kernels::matmul::{self, Products, Store};
use kernels::{gelu_mul, half_rows};

impl<'a> Builder<'a> {
    /// `y = x W^T`, y with rows of `stride`.
    pub(super) fn prompt_product(
        &mut self,
        id: MatrixId,
        x: usize,
        y: usize,
        stride: u32,
    ) -> Result<(), Error> {
        let x = self.chunk_input(id, x)?;
        for part in 0..self.model.plan().matrices[id].len() {
            let offset = self.model.plan().matrices[id][part].first_row as u32;
            self.part_of_chunk(id, part, &x, y, Store::Rows { stride, offset })?;
        }
        Ok(())
    }

    /// `y = x W^T` for a reader that adds parts; y has rows as wide as the matrix has rows.
    pub(super) fn product_in_parts(&mut self, id: MatrixId, x: usize, y: usize) -> Result<Sum, Error> {
        let [whole] = &self.model.plan().matrices[id][..] else {
            let rows = self.model.plan().matrices[id].iter().map(|part| part.layout.rows as u32).sum();
            self.prompt_product(id, x, y, rows)?;
            return Ok(Sum::whole(y));
        };
        let parts = matmul::parts(&whole.layout);
        let x = self.chunk_input(id, x)?;
        self.part_of_chunk(id, 0, &x, y, Store::Parts(parts))?;
        Ok(Sum { buffer: y, parts })
    }

    /// `gated = gelu(gate x) * up x` for a matrix of gates and then as many ups, `width` of each.
    pub(super) fn gated_product(&mut self, id: MatrixId, x: usize, width: u32) -> Result<(), Error> {
        let arena = self.arena();
        if self.model.plan().matrices[id].len() == 1 {
            let x = self.chunk_input(id, x)?;
            return self.part_of_chunk(id, 0, &x, arena.gated, Store::Gated);
        }
        // A tile would need gates from one buffer and their ups from another.
        self.prompt_product(id, x, arena.gate_up, 2 * width)?;
        self.gate_and_up(width, 1, arena.gate_up, arena.gated)
    }

    /// `gated = gelu(gate) * up` of `both`, rows of `width` gates and as many ups, so many `slots` of them for each token.
    pub(super) fn gate_and_up(
        &mut self,
        width: u32,
        slots: u32,
        both: usize,
        gated: usize,
    ) -> Result<(), Error> {
        let shape = gelu_mul::Shape {
            columns: width,
            x_stride: 2 * width,
            parts: 1,
            b_stride: 2 * width,
            b_offset: width,
        };
        let (both, gated) = (self.at(both), self.at(gated));
        self.push(gelu_mul::per_slot(self.device(), &shape, slots, both, both, gated)?);
        Ok(())
    }

    /// x for the products with a matrix.
    fn chunk_input(&mut self, id: MatrixId, x: usize) -> Result<Vec<Binding<'a>>, Error> {
        let plan = self.model.plan();
        match plan.options.tiers.prompt_products {
            Products::Float => Ok(vec![self.at(x)]),
            Products::Half | Products::Cooperative => {
                self.halves(x, plan.matrices[id][0].layout.columns as u32)
            }
        }
    }

    /// Rows of f16 of x (chunk, columns) and their scales, until the next are made.
    pub(super) fn halves(&mut self, x: usize, columns: u32) -> Result<Vec<Binding<'a>>, Error> {
        let [halves, scales] = self.arena().halves.expect("planned for these products");
        let (x, halves, scales) = (self.at(x), self.at(halves), self.at(scales));
        let shape = half_rows::Shape { columns };
        self.push(half_rows::forward(self.device(), &shape, x, halves, scales)?);
        Ok(vec![halves, scales])
    }

    fn part_of_chunk(
        &mut self,
        id: MatrixId,
        part: usize,
        x: &[Binding<'a>],
        y: usize,
        store: Store,
    ) -> Result<(), Error> {
        let plan = self.model.plan();
        let part = &plan.matrices[id][part];
        let shape =
            matmul::Shape { weight: &part.layout, products: plan.options.tiers.prompt_products, store };
        let (y, step) = (self.at(y), self.at(plan.arena.step));
        self.push(matmul::forward(self.device(), &shape, self.weight(part), x, y, step)?);
        self.reads(part.layout.bytes());
        Ok(())
    }
}
