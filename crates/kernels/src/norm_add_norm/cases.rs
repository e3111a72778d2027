//! Cases of the post-norm with residual and the next norm.

use super::{Buffers, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned};
use crate::case::parts::sum_of_parts;
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::norm_add::Shape;

const TOLERANCE: Tolerance = Tolerance {
    relative: 3e-6,
    reason: "as norm_add, whose error the second norm takes over, and a second norm",
};
const EPSILON: f32 = 1e-6;

fn case(name: &str, columns: u32, rows: u32, scale: f32, extent: f32) -> Case {
    in_parts(name, columns, rows, scale, extent, 1)
}

fn in_parts(name: &str, columns: u32, rows: u32, scale: f32, extent: f32, parts: u32) -> Case {
    let shape = Shape { columns, epsilon: EPSILON, parts };
    let n = rows as usize * columns as usize;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(3);
        let (x, h) = (random.floats(parts as usize * n, extent), random.floats(n, extent));
        let w = random.between(columns as usize, -2.0, 20.0);
        let next = random.between(columns as usize, 0.5, 20.0);
        let (expected_h, expected_y) =
            reference::forward(&sum_of_parts(&x, n), &w, scale, &h, &next, EPSILON);
        let (x, w) = (floats(device, "x", &x)?, floats(device, "w", &w)?);
        let (scale, h) = (floats(device, "scale", &[scale])?, floats(device, "h", &h)?);
        let (next, y) = (floats(device, "next", &next)?, poisoned(device, "y", n)?);
        let buffers = Buffers {
            x: (&x).into(),
            w: (&w).into(),
            scale: (&scale).into(),
            h: (&h).into(),
            next: (&next).into(),
            y: (&y).into(),
        };
        let op = forward(device, &shape, buffers)?;
        Ok(Prepared { ops: vec![op], rows, outputs: vec![expect(h, expected_h), expect(y, expected_y)] })
    };
    let name = format!("{name}, {rows} x {columns}");
    Case::new("norm_add_norm", name, vec![shader(&shape)], TOLERANCE, prepare)
        .costing(((12 + 4 * parts as usize) * n + 8 * columns as usize) as u64, 0)
}

/// Rows shorter and longer than a workgroup, real widths, extreme values.
pub fn cases() -> Vec<Case> {
    vec![
        case("one vec4", 4, 1, 1.0, 1.0),
        case("short rows", 36, 3, 0.5, 1.0),
        case("past a workgroup", 1028, 2, -0.25, 1.0),
        case("e2b", 1536, 2, 0.017, 1.0),
        in_parts("four parts", 1536, 3, 0.5, 1.0, 4),
        in_parts("two parts", 36, 2, -1.0, 1.0, 2),
        case("e4b", 2560, 1, 1.0, 1.0),
        case("31b", 5376, 3, 0.8, 1.0),
        case("large values", 1536, 2, 0.3, 1e4),
        case("zeros", 64, 2, 0.5, 0.0),
    ]
}
