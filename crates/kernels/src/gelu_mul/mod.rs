//! Gated activation: `y = gelu_tanh(a) * b`, y (T, columns); a (T, a_stride) from column 0, b (T, b_stride) from column
//! `b_offset`. Serves the feed-forward gate and the per-layer input gate. Source: Hugging Face `gelu_pytorch_tanh`.
//!
//! Traffic: `12 * columns` bytes per row.

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
    /// Width of a row of a.
    pub a_stride: u32,
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
        .constant("A_STRIDE", shape.a_stride)
        .constant("B_STRIDE", shape.b_stride)
        .constant("B_OFFSET", shape.b_offset)
        .file(include_str!("../shared/gelu.wgsl"))
        .file(include_str!("gelu_mul.wgsl"))
}

/// Prepares `y = gelu(a) * b`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    a: Binding<'_>,
    b: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    per_slot(device, shape, 1, a, b, y)
}

/// The same for `slots` rows per token: a, b and y are (T * slots, ..).
pub fn per_slot(
    device: &Device,
    shape: &Shape,
    slots: u32,
    a: Binding<'_>,
    b: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let Shape { columns, a_stride, b_stride, b_offset } = *shape;
    assert!([columns, a_stride, b_stride, b_offset].iter().all(|n| n % 4 == 0), "gelu_mul: {shape:?}");
    let groups = (columns / 4).div_ceil(WORKGROUP);
    Op::new(
        device,
        &shader(shape),
        &[a, b, y],
        [Axis::Fixed(groups), Axis::GroupsPerRow(slots), Axis::Fixed(1)],
    )
}
