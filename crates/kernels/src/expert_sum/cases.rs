//! Cases of the weighted sum of experts.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance { relative: 1e-6, reason: "eight products added one after the other" };

fn case(name: &str, columns: u32, top_k: u32, rows: u32, extent: f32) -> Case {
    let shape = Shape { columns, top_k };
    let slots = (rows * top_k) as usize;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(9);
        let x = random.floats(slots * columns as usize, extent);
        let weights = random.between(slots, -0.1, 1.0);
        let expected = reference::forward(&x, &weights, top_k as usize, columns as usize);
        let (x, weights) = (floats(device, "x", &x)?, floats(device, "weights", &weights)?);
        let y = poisoned(device, "y", expected.len())?;
        let op = forward(device, &shape, (&x).into(), (&weights).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows, outputs: vec![expect(y, expected)] })
    };
    let name = format!("{name}, {rows} x {top_k} x {columns}");
    let bytes = 4 * u64::from(rows) * (u64::from(top_k) * u64::from(columns + 1) + u64::from(columns));
    Case::new("expert_sum", name, vec![shader(&shape)], TOLERANCE, prepare).costing(bytes, 0)
}

/// One expert, widths around the workgroup, the real size, large values.
pub fn cases() -> Vec<Case> {
    vec![
        case("one vec4", 4, 1, 1, 1.0),
        case("past a workgroup", 260, 3, 5, 1.0),
        case("26b", 2816, 8, 3, 1.0),
        case("large values", 64, 8, 2, 1e4),
    ]
}
