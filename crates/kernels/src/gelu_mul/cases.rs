//! Cases of the gated activation.

use super::{Shape, per_slot, reference, shader};
use crate::case::buffers::{expect, floats, poisoned};
use crate::case::parts::sum_of_parts;
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-5,
    reason: "WGSL promises tanh to an absolute error of 1e-5 and no better, and 1 + tanh keeps it where it cancels",
};

/// Gate values from `low` to `high`, in one buffer with b when their rows are equally long and b lies behind a.
fn case(name: &str, shape: Shape, tokens: u32, range: (f32, f32)) -> Case {
    slots(name, shape, tokens, 1, range)
}

/// The same for several slots per token.
fn slots(name: &str, shape: Shape, tokens: u32, slots: u32, (low, high): (f32, f32)) -> Case {
    let rows = tokens * slots;
    let Shape { columns, x_stride, parts, b_stride, b_offset } = shape;
    let shared = parts == 1 && x_stride == b_stride && b_offset >= columns;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(5);
        let len = (rows * x_stride) as usize;
        let a = random.between(parts as usize * len, low / parts as f32, high / parts as f32);
        let mut b = random.floats((rows * b_stride) as usize, 2.0);
        if shared {
            for (b, a) in b.chunks_exact_mut(b_stride as usize).zip(a.chunks_exact(x_stride as usize)) {
                b[..columns as usize].copy_from_slice(&a[..columns as usize]);
            }
        }
        let part = |rows: &[f32], stride: u32, from: u32| -> Vec<f32> {
            let (from, columns) = (from as usize, columns as usize);
            rows.chunks_exact(stride as usize).flat_map(|row| &row[from..from + columns]).copied().collect()
        };
        let expected =
            reference::forward(&part(&sum_of_parts(&a, len), x_stride, 0), &part(&b, b_stride, b_offset));
        let (a, b) = (floats(device, "a", &a)?, floats(device, "b", &b)?);
        let y = poisoned(device, "y", expected.len())?;
        let a = if shared { &b } else { &a };
        let op = per_slot(device, &shape, slots, a.into(), (&b).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: tokens, outputs: vec![expect(y, expected)] })
    };
    let name = format!("{name}, {rows} x {columns}");
    Case::new("gelu_mul", name, vec![shader(&shape)], TOLERANCE, prepare)
        .costing(u64::from(rows) * u64::from(columns) * u64::from(8 + 4 * parts), 0)
}

/// Separate, shared and strided rows; the usual range and both tails.
pub fn cases() -> Vec<Case> {
    let shape =
        |columns, x_stride, b_stride, b_offset| Shape { columns, x_stride, parts: 1, b_stride, b_offset };
    let separate = |columns| shape(columns, columns, columns, 0);
    let behind = |columns| shape(columns, 2 * columns, 2 * columns, columns);
    let layers = |layer: u32| shape(256, 256, 35 * 256, layer * 256);
    let usual = (-6.0, 6.0);
    vec![
        case("one vec4", separate(4), 1, usual),
        case("not whole workgroups", separate(68), 3, usual),
        case("gate and up in one buffer", behind(6144), 2, usual),
        case("wide gate and up", behind(12288), 1, usual),
        case("31b", separate(21504), 1, usual),
        slots("26b experts", behind(704), 3, 8, usual),
        case("first per-layer input", layers(0), 3, usual),
        case("last per-layer input", layers(34), 3, usual),
        case("eight parts", Shape { parts: 8, ..layers(3) }, 5, usual),
        slots("parts of slots", Shape { parts: 2, ..separate(68) }, 2, 3, usual),
        case("near zero", separate(256), 1, (-1e-3, 1e-3)),
        case("all negative", separate(256), 1, (-6.0, -1.0)),
        case("far below zero", separate(256), 1, (-50.0, -8.0)),
        case("both tails", separate(256), 1, (-50.0, 50.0)),
        case("where x^3 is huge", separate(256), 1, (-1e4, 1e4)),
    ]
}
