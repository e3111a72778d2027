//! Cases of the rounding to f16.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned};
use crate::case::random::Random;
use crate::case::{Case, Expected, Output, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-7,
    reason: "a power of two is exact; rounding to f16 may go either way by one step",
};

/// Rows whose magnitudes grow by `step` from one to the next, from `extent`.
fn case(name: &str, columns: u32, rows: u32, extent: f32, step: f32) -> Case {
    let shape = Shape { columns };
    let (width, padded) = (columns as usize, shape.padded() as usize);
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(13);
        let extents = (0..rows).map(|row| extent * step.powi(row as i32));
        let x: Vec<f32> = extents.flat_map(|extent| random.floats(width, extent)).collect();
        let (expected, expected_scales) = reference::forward(&x, width, padded);
        let x = floats(device, "x", &x)?;
        let y = poisoned(device, "y", expected.len() / 2)?;
        let scales = poisoned(device, "scales", expected_scales.len())?;
        let op = forward(device, &shape, (&x).into(), (&y).into(), (&scales).into())?;
        let halves = Output { buffer: y, expected: Expected::Halves(expected) };
        Ok(Prepared { ops: vec![op], rows, outputs: vec![halves, expect(scales, expected_scales)] })
    };
    let name = format!("{name}, {rows} x {columns}");
    Case::new("half_rows", name, vec![shader(&shape)], TOLERANCE, prepare)
        .costing(u64::from(rows) * u64::from(columns) * 6, 0)
}

/// Rows shorter and longer than a workgroup, with columns to pad, and of every magnitude.
pub fn cases() -> Vec<Case> {
    vec![
        case("one vec4", 4, 1, 1.0, 1.0),
        case("padded", 36, 3, 1.0, 2.0),
        case("e2b", 1536, 3, 7.0, 10.0),
        case("feed-forward", 12288, 2, 40.0, 1.0),
        case("past the range of f16", 64, 5, 1e4, 1e3),
        case("past the range of products", 256, 2, 1e18, 1e18),
        case("small", 256, 4, 1e-6, 1e-6),
        case("zeros", 128, 2, 0.0, 1.0),
    ]
}
