//! Weighted sum of the chosen experts: `y[t] = sum over k of weights[t, k] * x[t, k]`, x (T, top_k, columns), weights
//! (T, top_k), y (T, columns). Source: Hugging Face `Gemma4TextExperts`.
//!
//! Traffic: `4 * (top_k + 1) * columns` bytes per token.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 64;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of a row, a multiple of 4.
    pub columns: u32,
    /// Experts per token.
    pub top_k: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("expert_sum")
        .constant("WORKGROUP", WORKGROUP)
        .constant("COLUMNS", shape.columns)
        .constant("TOP_K", shape.top_k)
        .file(include_str!("expert_sum.wgsl"))
}

/// Prepares the sum.
pub fn forward(
    device: &Device,
    shape: &Shape,
    x: Binding<'_>,
    weights: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "expert_sum: {} columns", shape.columns);
    let groups = (shape.columns / 4).div_ceil(WORKGROUP);
    let grid = [Axis::Fixed(groups), Axis::GroupsPerRow(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[x, weights, y], grid)
}
