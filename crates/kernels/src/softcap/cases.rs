//! Cases of the soft cap.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-5,
    reason: "WGSL promises tanh to an absolute error of 1e-5 and no better, which is as much of the cap",
};

fn case(name: &str, n: u32, extent: f32) -> Case {
    let shape = Shape { n, cap: 30.0 };
    let prepare = move |device: &gpu::Device| {
        let mut y = Random::new(6).floats(n as usize, extent);
        // Errors are judged beside the cap: a tanh made of exp() is only so good near zero, as WGSL allows.
        y[0] = 100.0;
        let expected = reference::forward(&y, shape.cap);
        let y = floats(device, "y", &y)?;
        let op = forward(device, &shape, (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: vec![expect(y, expected)] })
    };
    Case::new("softcap", format!("{name}, {n}"), vec![shader(&shape)], TOLERANCE, prepare)
        .costing(u64::from(n) * 8, 0)
}

/// Lengths around the workgroup and the grid's line, the real vocabulary, small and extreme logits.
pub fn cases() -> Vec<Case> {
    vec![
        case("one", 1, 60.0),
        case("less than a workgroup", 255, 60.0),
        case("more than a workgroup", 257, 60.0),
        case("one line", 65536, 60.0),
        case("more than a line", 65539, 60.0),
        case("vocabulary", 262144, 60.0),
        case("small beside a large one", 512, 1e-2),
        case("far beyond the cap", 512, 1e4),
    ]
}
