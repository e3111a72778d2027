//! Gated activation: `y = gelu_tanh(x) * b`, y (T, columns); x the sum of (parts, T, x_stride) from column 0, b (T, b_stride)
//! from column `b_offset`. Serves the feed-forward gate and the per-layer input gate. Source: Hugging Face `gelu_pytorch_tanh`.
//!
//! Traffic: `(8 + 4 * parts) * columns` bytes per row.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 64;

/// What the shader's text depends on; all widths are multiples of 4.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of y.
    pub columns: u32,
    /// Width of a row of x.
    pub x_stride: u32,
    /// Parts in which a product left x.
    pub parts: u32,
    /// Width of a row of b.
    pub b_stride: u32,
    /// First column of b.
    pub b_offset: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("gelu_mul")
        .constant("WORKGROUP", WORKGROUP)
        .constant("COLUMNS", shape.columns)
        .constant("X_STRIDE", shape.x_stride)
        .constant("PARTS", shape.parts)
        .constant("B_STRIDE", shape.b_stride)
        .constant("B_OFFSET", shape.b_offset)
        .file(include_str!("../shared/gelu.wgsl"))
        .file(include_str!("../shared/parts.wgsl"))
        .file(include_str!("gelu_mul.wgsl"))
}

/// Prepares `y = gelu(x) * b`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    x: Binding<'_>,
    b: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    per_slot(device, shape, 1, x, b, y)
}

/// The same for `slots` rows per token: x, b and y are (T * slots, ..).
pub fn per_slot(
    device: &Device,
    shape: &Shape,
    slots: u32,
    x: Binding<'_>,
    b: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let Shape { columns, x_stride, b_stride, b_offset, .. } = *shape;
    assert!([columns, x_stride, b_stride, b_offset].iter().all(|n| n % 4 == 0), "gelu_mul: {shape:?}");
    let groups = (columns / 4).div_ceil(WORKGROUP);
    Op::new(
        device,
        &shader(shape),
        &[x, b, y],
        [Axis::Fixed(groups), Axis::GroupsPerRow(slots), Axis::Fixed(1)],
    )
}
