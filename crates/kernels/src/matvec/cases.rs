//! Cases of matrix times vector.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Prepared, Tolerance};
use crate::weight::Layout;
use gguf::Type;

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "thousands of products in f32, added in several partial sums; rounding grows with their root",
};

fn case(name: &str, kind: Type, rows: usize, columns: usize, content: Content, out_offset: u32) -> Case {
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(10);
        let w = Weights::new(kind, rows, columns, content, &mut random);
        let x = random.floats(columns, 2.0);
        let mut expected = vec![f32::NAN; out_offset as usize];
        expected.extend(reference::forward(&w.values, &x));
        // A further part of the matrix would write here.
        expected.extend([f32::NAN; 3]);
        let (weight, x) = (w.upload(device)?, floats(device, "x", &x)?);
        let y = poisoned(device, "y", expected.len())?;
        let shape = Shape { weight: &w.layout, out_offset };
        let op = forward(device, &shape, (&weight).into(), (&x).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: vec![expect(y, expected)] })
    };
    let layout = Layout::new(kind, rows as u64, columns as u64);
    let shaders = vec![shader(&Shape { weight: &layout, out_offset })];
    let name = format!("{name}, {kind} {rows} x {columns}");
    Case::new("matvec", name, shaders, TOLERANCE, prepare)
        .costing(layout.bytes() + 4 * (rows + columns) as u64, 2 * (rows * columns) as u64)
}

/// Every type in awkward and real shapes, with encoded and with any bits; parts; row lengths of all models.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED {
        let one_block = awkward_columns(kind, 32);
        cases.push(case("one row", kind, 1, one_block, Content::Encoded, 0));
        cases.push(case("odd rows", kind, 37, awkward_columns(kind, 96), Content::Encoded, 0));
        cases.push(case("part", kind, 6, awkward_columns(kind, 512), Content::Encoded, 5));
        cases.push(case("e2b", kind, 33, 1536, Content::Encoded, 0));
        cases.push(case("any bits", kind, 19, awkward_columns(kind, 256), Content::AnyBits, 0));
        cases.push(case("subnormal scales", kind, 19, awkward_columns(kind, 256), Content::Subnormal, 0));
    }
    for kind in [Type::F16, Type::Q4_K, Type::Q6_K] {
        cases.push(case("query heads", kind, 64, 2048, Content::Encoded, 0));
        cases.push(case("31b", kind, 9, 5376, Content::Encoded, 0));
        cases.push(case("down projection", kind, 8, 12288, Content::Encoded, 0));
    }
    for columns in [4, 36, 100, 2052] {
        cases.push(case("columns within a block", Type::F32, 5, columns, Content::Encoded, 0));
        cases.push(case("columns within a block", Type::BF16, 5, columns, Content::Encoded, 0));
    }
    // More workgroups than one row of compute units, and an e2b projection in its real size.
    cases.push(case("real size", Type::Q4_K, 2048, 1536, Content::Encoded, 0));
    cases.push(case("real size", Type::Q6_K, 256, 1536, Content::Encoded, 0));
    cases
}
