//! Cases of the RMS norm.

use super::{Rows, Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned, step};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::op::Step;

const TOLERANCE: Tolerance = Tolerance {
    relative: 2e-6,
    reason: "the sum of squares is rounded some ten times in a tree, and inverseSqrt may be off by two units",
};
const EPSILON: f32 = 1e-6;

fn case(name: &str, columns: u32, rows: u32, extent: f32) -> Case {
    chosen(
        name,
        Shape { columns, epsilon: EPSILON, rows: Rows::All },
        Step { rows, ..Step::default() },
        extent,
    )
}

fn chosen(name: &str, shape: Shape, at: Step, extent: f32) -> Case {
    let columns = shape.columns as usize;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(1);
        let x = random.floats(at.rows as usize * columns, extent);
        let w = random.between(columns, 0.5, 20.0);
        let expected = match shape.rows {
            Rows::All => reference::forward(&x, &w, EPSILON),
            Rows::OfStep => reference::forward(&x[at.row as usize * columns..][..columns], &w, EPSILON),
        };
        let (x, w) = (floats(device, "x", &x)?, floats(device, "w", &w)?);
        let y = poisoned(device, "y", expected.len())?;
        let step = step(device, at)?;
        let op = forward(device, &shape, (&x).into(), (&w).into(), (&y).into(), (&step).into())?;
        Ok(Prepared { ops: vec![op], rows: at.rows, outputs: vec![expect(y, expected)] })
    };
    let rows = if shape.rows == Rows::All { u64::from(at.rows) } else { 1 };
    let name = format!("{name}, {} x {columns}", at.rows);
    Case::new("rms_norm", name, vec![shader(&shape)], TOLERANCE, prepare)
        .costing((8 * rows + 4) * columns as u64, 0)
}

/// Rows shorter and longer than a workgroup, real widths, extreme values.
pub fn cases() -> Vec<Case> {
    let of_step = |row| {
        let shape = Shape { columns: 1536, epsilon: EPSILON, rows: Rows::OfStep };
        chosen(&format!("row {row} of the step"), shape, Step { rows: 5, row, ..Step::default() }, 1.0)
    };
    vec![
        case("one vec4", 4, 1, 1.0),
        case("short rows", 36, 3, 1.0),
        case("a head", 256, 7, 1.0),
        case("past a workgroup", 1028, 2, 1.0),
        case("e2b", 1536, 2, 1.0),
        case("e4b", 2560, 1, 1.0),
        case("31b", 5376, 3, 1.0),
        case("large values", 1536, 2, 1e4),
        case("values as small as epsilon", 2048, 2, 1e-3),
        case("zeros", 64, 2, 0.0),
        of_step(0),
        of_step(4),
    ]
}
