//! Post-norm, residual and the next norm in one: `h = (h + rms(x) * w) * scale`, `y = rms(h) * next`; h and y (T, columns), x
//! the sum of (parts, T, columns), w and next (columns), scale (1). Source: Hugging Face `Gemma4TextDecoderLayer`.
//!
//! Traffic per row: x and h read, h and y written: `(12 + 4 * parts) * columns` bytes at least.

pub mod cases;
pub mod reference;

use crate::norm_add::Shape;
use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("norm_add_norm")
        .constant("WORKGROUP", crate::row_workgroup(shape.columns))
        .constant("COLUMNS", shape.columns)
        .constant("EPSILON", shape.epsilon)
        .constant("PARTS", shape.parts)
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(include_str!("../shared/parts.wgsl"))
        .file(include_str!("norm_add_norm.wgsl"))
}

/// The buffers, named as in the formula.
pub struct Buffers<'a> {
    /// What is normed and added, (parts, T, columns).
    pub x: Binding<'a>,
    /// Weights of the post-norm, (columns).
    pub w: Binding<'a>,
    /// One factor on the new residual.
    pub scale: Binding<'a>,
    /// The residual stream, (T, columns), updated.
    pub h: Binding<'a>,
    /// Weights of the next norm, (columns).
    pub next: Binding<'a>,
    /// The normed residual, (T, columns).
    pub y: Binding<'a>,
}

/// Prepares the update of `h` and its norm.
pub fn forward(device: &Device, shape: &Shape, buffers: Buffers<'_>) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "norm_add_norm: {} columns", shape.columns);
    let Buffers { x, w, scale, h, next, y } = buffers;
    let grid = [Axis::GroupsPerRow(1), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[x, w, scale, h, next, y], grid)
}
