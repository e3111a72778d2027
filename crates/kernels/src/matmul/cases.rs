//! Cases of the matrix product.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned, step};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Prepared, Tolerance};
use crate::op::Step;
use crate::weight::Layout;
use gguf::Type;

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "thousands of products in f32, added one vec4 after the other; rounding grows with their root",
};

/// The matrix and the part of y it writes: (first column, width of y).
struct Product {
    kind: Type,
    rows: usize,
    columns: usize,
    content: Content,
    out: (usize, usize),
}

fn case(name: &str, product: Product, tokens: usize) -> Case {
    let Product { kind, rows, columns, content, out: (first, stride) } = product;
    let (out_offset, out_stride) = (first as u32, stride as u32);
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(11);
        let w = Weights::new(kind, rows, columns, content, &mut random);
        let x = random.floats(tokens * columns, 2.0);
        let mut expected = vec![f32::NAN; tokens * stride];
        let products = reference::forward(&w.values, &x, columns);
        for (line, product) in expected.chunks_exact_mut(stride).zip(products.chunks_exact(rows)) {
            line[first..first + rows].copy_from_slice(product);
        }
        let (weight, x) = (w.upload(device)?, floats(device, "x", &x)?);
        let y = poisoned(device, "y", expected.len())?;
        let step = step(device, Step { rows: tokens as u32, ..Step::default() })?;
        let shape = Shape { weight: &w.layout, out_stride, out_offset };
        let op = forward(device, &shape, (&weight).into(), (&x).into(), (&y).into(), (&step).into())?;
        Ok(Prepared { ops: vec![op], rows: tokens as u32, outputs: vec![expect(y, expected)] })
    };
    let layout = Layout::new(kind, rows as u64, columns as u64);
    let shaders = vec![shader(&Shape { weight: &layout, out_stride, out_offset })];
    let name = format!("{name}, {tokens} tokens, {kind} {rows} x {columns}");
    Case::new("matmul", name, shaders, TOLERANCE, prepare).costing(
        layout.bytes() + 4 * (tokens * (rows + columns)) as u64,
        2 * (tokens * rows * columns) as u64,
    )
}

/// Every type with tiles that are not full, a part beside others and any bits; token counts around the tile.
pub fn cases() -> Vec<Case> {
    let whole =
        |kind, rows, columns| Product { kind, rows, columns, content: Content::Encoded, out: (0, rows) };
    let bits = |kind, content| Product { content, ..whole(kind, 21, awkward_columns(kind, 256)) };
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED {
        let columns = awkward_columns(kind, 96);
        cases.push(case("part", Product { out: (3, 80), ..whole(kind, 70, columns) }, 67));
        cases.push(case("e2b", whole(kind, 16, 1536), 5));
        cases.push(case("any bits", bits(kind, Content::AnyBits), 3));
        cases.push(case("subnormal scales", bits(kind, Content::Subnormal), 3));
    }
    for tokens in [1, 16, 17, 63, 64, 65, 129] {
        cases.push(case("around the tile", whole(Type::Q4_0, 65, 64), tokens));
    }
    for rows in [1, 15, 16, 33, 63, 64, 129] {
        cases.push(case("around the tile", whole(Type::Q8_0, rows, 32), 2));
    }
    for columns in [4, 36, 100] {
        cases.push(case("columns within a block", whole(Type::F32, 5, columns), 3));
        cases.push(case("columns within a block", whole(Type::F16, 5, columns), 3));
    }
    cases.push(case("query heads", whole(Type::Q4_K, 64, 2048), 64));
    cases.push(case("31b", whole(Type::Q6_K, 20, 5376), 33));
    cases
}
