//! What an adapter reaches at most, beside which kernels are measured: `y = x`, x and y (n) in 16-byte steps, and
//! `y = a x + b` over and over in registers, x and y (n) in f32, factors (2) being a and b.
//!
//! Traffic: 32 bytes for each step of the copy. Of each x come [`ROUNDS`] multiplications and additions of four vec4.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 256;
/// 16-byte steps of an invocation that copies.
const STEPS: u32 = 8;
/// Multiplications and additions of each of an invocation's 16 numbers, a multiple of 4.
pub const ROUNDS: u32 = 512;

/// The composed shader that copies `n` times 16 bytes.
pub fn copy_shader(n: u32) -> Shader {
    let shader = Shader::new("probe_copy").bounded().constant("WORKGROUP", WORKGROUP).constant("N", n);
    shader.constant("STEPS", STEPS).file(include_str!("probe_copy.wgsl"))
}

/// The composed shader that multiplies and adds for `n` numbers.
pub fn multiply_shader(n: u32) -> Shader {
    let shader = Shader::new("probe_multiply").bounded().constant("WORKGROUP", WORKGROUP).constant("N", n);
    shader.constant("ROUNDS", ROUNDS).file(include_str!("probe_multiply.wgsl"))
}

/// Prepares the copy of `n` times 16 bytes.
pub fn copy(device: &Device, n: u32, x: Binding<'_>, y: Binding<'_>) -> Result<Op, Error> {
    let grid = [Axis::Fixed(n.div_ceil(WORKGROUP * STEPS)), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &copy_shader(n), &[x, y], grid)
}

/// Prepares the arithmetic for `n` numbers.
pub fn multiply(
    device: &Device,
    n: u32,
    x: Binding<'_>,
    factors: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let grid = [Axis::Fixed(n.div_ceil(WORKGROUP)), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &multiply_shader(n), &[x, factors, y], grid)
}
