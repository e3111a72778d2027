//! Matrix product for a chunk of tokens: `y = x W^T`, W (rows, columns) of any type, x (T, columns), y (T, out_stride)
//! with the result in columns `out_offset .. out_offset + rows`.
//!
//! Operations: `2 * T * rows * columns`. Traffic: W once per 64 tokens, x once per 64 rows of W.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

/// Tokens and rows of one workgroup's tile.
const TILE: u32 = 64;

/// What the shader's text depends on.
pub struct Shape<'a> {
    /// The matrix, or the part of it that lies in one buffer.
    pub weight: &'a Layout,
    /// Width of a row of y.
    pub out_stride: u32,
    /// First column of y this part writes.
    pub out_offset: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let shader = Shader::new("matmul")
        .bounded()
        .constant("ROWS", shape.weight.rows as u32)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("OUT_STRIDE", shape.out_stride)
        .constant("OUT_OFFSET", shape.out_offset)
        .file(include_str!("../shared/step.wgsl"));
    shape.weight.declare(shader).file(include_str!("../shared/input.wgsl")).file(include_str!("matmul.wgsl"))
}

/// Prepares `y = x W^T`.
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    weight: Binding<'_>,
    x: Binding<'_>,
    y: Binding<'_>,
    step: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.weight.columns % 4, 0, "matmul: {} columns", shape.weight.columns);
    let groups = (shape.weight.rows as u32).div_ceil(TILE);
    let grid = [Axis::Fixed(groups), Axis::RowsPerGroup(TILE), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[weight, x, y, step], grid)
}
