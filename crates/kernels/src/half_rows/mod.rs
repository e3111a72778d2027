//! Rows as f16 with a power of two each: `y[t] = x[t] * 2^-e`, `scales[t] = 2^e`, the largest magnitude of y[t] between 512
//! and 1024. x (T, columns), y (T, columns to the next multiple of 32, zeros behind the row), scales (T).
//!
//! Matrix hardware and tiles of f16 take x like this. Gemma's residual stream and its gated activations may leave the range of
//! f16, which a scale for each row keeps them from; within a row the rounding is that of f16, 2^-11 of each value.
//!
//! Traffic: `6 * columns` bytes per row.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of a row of x, a multiple of 4.
    pub columns: u32,
}

impl Shape {
    /// Width of a row of y.
    pub fn padded(&self) -> u32 {
        self.columns.next_multiple_of(32)
    }
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("half_rows")
        .f16()
        .constant("WORKGROUP", crate::row_workgroup(shape.columns))
        .constant("COLUMNS", shape.columns)
        .constant("PADDED", shape.padded())
        .file(include_str!("../shared/half_scale.wgsl"))
        .file(include_str!("half_rows.wgsl"))
}

/// Prepares the rounding of `x` to `y` and `scales`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    x: Binding<'_>,
    y: Binding<'_>,
    scales: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "half_rows: {} columns", shape.columns);
    let grid = [Axis::GroupsPerRow(1), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[x, y, scales], grid)
}
