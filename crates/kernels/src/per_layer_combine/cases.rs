//! Cases of the per-layer inputs.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance =
    Tolerance { relative: 2e-6, reason: "as the RMS norm, a sum and a product with the root of one half" };

fn case(name: &str, shape: Shape, rows: u32, extent: f32) -> Case {
    let Shape { layers, columns, context_scale, epsilon } = shape;
    let n = rows as usize * layers as usize * columns as usize;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(4);
        let (context, y) = (random.floats(n, extent), random.floats(n, 1.0));
        let w = random.between(columns as usize, 0.5, 3.0);
        let expected = reference::forward(&context, &w, &y, context_scale, epsilon);
        let (context, w) = (floats(device, "context", &context)?, floats(device, "w", &w)?);
        let y = floats(device, "y", &y)?;
        let op = forward(device, &shape, (&context).into(), (&w).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows, outputs: vec![expect(y, expected)] })
    };
    let name = format!("{name}, {rows} x {layers} x {columns}");
    Case::new("per_layer_combine", name, vec![shader(&shape)], TOLERANCE, prepare)
        .costing((12 * n + 4 * columns as usize) as u64, 0)
}

/// One and many layers, narrow and real widths, a context so small that epsilon counts.
pub fn cases() -> Vec<Case> {
    let shape = |layers, columns, hidden: f32| Shape {
        layers,
        columns,
        context_scale: 1.0 / hidden.sqrt(),
        epsilon: 1e-6,
    };
    vec![
        case("one vec4", shape(1, 4, 64.0), 1, 1.0),
        case("narrow", shape(3, 36, 100.0), 5, 1.0),
        case("e2b", shape(35, 256, 1536.0), 2, 30.0),
        case("e4b", shape(42, 256, 2560.0), 1, 30.0),
        case("small context", shape(2, 256, 2560.0), 2, 0.02),
        case("no context", shape(2, 64, 64.0), 1, 0.0),
        case("large context", shape(2, 256, 1536.0), 1, 1e4),
    ]
}
