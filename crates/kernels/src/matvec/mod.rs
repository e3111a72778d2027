//! Matrix times vector: `y = W x` for one token, W (rows, columns) of any type, x (columns), y (rows).
//!
//! Traffic: every weight read once, x once per workgroup (from cache), `4 * rows` bytes written. This is what decoding
//! is made of: its floor is the bytes of W over the memory bandwidth.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

pub(crate) const WORKGROUP: u32 = 128;

/// What the shader's text depends on.
pub struct Shape<'a> {
    /// The matrix, or the part of it that lies in one buffer.
    pub weight: &'a Layout,
    /// First element of y this part writes.
    pub out_offset: u32,
}

/// Invocations that share two rows: enough to cover the row's blocks, few where rows are short.
pub(crate) fn lanes(blocks: u32) -> u32 {
    blocks.next_power_of_two().clamp(4, 32)
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let shader = Shader::new("matvec")
        .constant("WORKGROUP", WORKGROUP)
        .constant("LANES", lanes(shape.weight.blocks()))
        .constant("ROWS", shape.weight.rows as u32)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("OUT_OFFSET", shape.out_offset);
    shape
        .weight
        .declare(shader)
        .file(include_str!("../shared/input.wgsl"))
        .file(include_str!("../shared/lanes.wgsl"))
        .file(include_str!("matvec.wgsl"))
}

/// Prepares `y = W x`.
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    weight: Binding<'_>,
    x: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.weight.columns % 4, 0, "matvec: {} columns", shape.weight.columns);
    let rows_per_group = 2 * WORKGROUP / lanes(shape.weight.blocks());
    let groups = (shape.weight.rows as u32).div_ceil(rows_per_group);
    Op::new(device, &shader(shape), &[weight, x, y], [Axis::Fixed(groups), Axis::Fixed(1), Axis::Fixed(1)])
}
