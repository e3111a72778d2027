//! Index of the largest of n values, ties to the lowest index: x (n) in f32, y (1) in u32. `u32::MAX` stands for values
//! of which none can be chosen: one is NaN or plus infinity, or all are minus infinity.
//!
//! Traffic: `4 * n` bytes read by one workgroup.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 256;

/// The composed shader for `n` values.
pub fn shader(n: u32) -> Shader {
    Shader::new("argmax").constant("WORKGROUP", WORKGROUP).constant("N", n).file(include_str!("argmax.wgsl"))
}

/// Prepares the search.
pub fn forward(device: &Device, n: u32, x: Binding<'_>, y: Binding<'_>) -> Result<Op, Error> {
    Op::new(device, &shader(n), &[x, y], [Axis::Fixed(1), Axis::Fixed(1), Axis::Fixed(1)])
}
