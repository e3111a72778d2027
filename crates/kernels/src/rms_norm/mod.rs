//! RMS norm: `y = x / sqrt(mean(x^2) + epsilon) * w`, x and y (T, columns), w (columns) as it stands in the file (no
//! `1 + w`). Source: Hugging Face `Gemma4RMSNorm`.
//!
//! Traffic per row: x read twice (the second time from cache), w read, y written: `12 * columns` bytes at least.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// Which rows are normed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Every row of the step.
    All,
    /// The step's `row` only, written to row 0 of y.
    OfStep,
}

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of a row, a multiple of 4.
    pub columns: u32,
    /// Added to the mean square.
    pub epsilon: f32,
    /// Which rows.
    pub rows: Rows,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("rms_norm")
        .constant("WORKGROUP", crate::row_workgroup(shape.columns))
        .constant("COLUMNS", shape.columns)
        .constant("EPSILON", shape.epsilon)
        .constant("ROW_OF_STEP", u32::from(shape.rows == Rows::OfStep))
        .file(include_str!("../shared/step.wgsl"))
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(include_str!("rms_norm.wgsl"))
}

/// Prepares the norm of `x` to `y` with weights `w`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    x: Binding<'_>,
    w: Binding<'_>,
    y: Binding<'_>,
    step: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "rms_norm: {} columns", shape.columns);
    let rows = match shape.rows {
        Rows::All => Axis::GroupsPerRow(1),
        Rows::OfStep => Axis::Fixed(1),
    };
    Op::new(device, &shader(shape), &[x, w, y, step], [rows, Axis::Fixed(1), Axis::Fixed(1)])
}
