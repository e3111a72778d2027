//! Post-norm and residual: `h = (h + rms(x) * w) * scale`, h (T, columns), x the sum of (parts, T, columns), w (columns),
//! scale (1). Source: Hugging Face `Gemma4TextDecoderLayer`.
//!
//! Traffic per row: x and h read, h written: `(8 + 4 * parts) * columns` bytes at least.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of a row, a multiple of 4.
    pub columns: u32,
    /// Added to the mean square.
    pub epsilon: f32,
    /// Parts in which a product left x.
    pub parts: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("norm_add")
        .constant("WORKGROUP", crate::row_workgroup(shape.columns))
        .constant("COLUMNS", shape.columns)
        .constant("EPSILON", shape.epsilon)
        .constant("PARTS", shape.parts)
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(include_str!("../shared/parts.wgsl"))
        .file(include_str!("norm_add.wgsl"))
}

/// Prepares the update of `h` by the normed `x`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    x: Binding<'_>,
    w: Binding<'_>,
    scale: Binding<'_>,
    h: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "norm_add: {} columns", shape.columns);
    Op::new(
        device,
        &shader(shape),
        &[x, w, scale, h],
        [Axis::GroupsPerRow(1), Axis::Fixed(1), Axis::Fixed(1)],
    )
}
