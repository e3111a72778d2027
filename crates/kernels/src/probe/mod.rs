//! What an adapter reaches at most, beside which kernels are measured: `y = x`, x and y (n) in 16-byte steps, and
//! `v = a v + b` over and over in registers, x and y (n) in f32, factors (3) being a, b and
//! how often.
//!
//! Traffic: 32 bytes for each step of the copy. Of each x come [`ROUNDS`] multiplications and additions of several vec4.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 256;
/// 16-byte steps of an invocation that copies.
const STEPS: u32 = 8;
/// Multiplications and additions of each number in registers, a multiple of the sixteen that lie in one pass of the loop.
pub const ROUNDS: u32 = 512;

/// What is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Numbers {
    /// f32.
    Float,
    /// f16, which some adapters multiply twice as fast.
    Half,
    /// Four signed bytes at once, by `dot4I8Packed`.
    Bytes,
}

impl Numbers {
    /// Every kind.
    pub const ALL: [Numbers; 3] = [Numbers::Float, Numbers::Half, Numbers::Bytes];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Numbers::Float => "f32",
            Numbers::Half => "f16",
            Numbers::Bytes => "dot4I8Packed",
        }
    }

    /// Multiplications and additions in one round of one number.
    #[must_use]
    pub fn operations(self) -> u32 {
        match self {
            Numbers::Float | Numbers::Half => 2,
            Numbers::Bytes => 8,
        }
    }
}

/// How the arithmetic is laid out. What suits a compiler and an adapter best is found by trying.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What is multiplied.
    pub numbers: Numbers,
    /// Independent vec4 in an invocation's registers: 2, 4 or 8.
    pub chains: u32,
    /// Invocations.
    pub n: u32,
}

/// The composed shader that copies `n` times 16 bytes.
pub fn copy_shader(n: u32) -> Shader {
    let shader = Shader::new("probe_copy").constant("WORKGROUP", WORKGROUP).constant("N", n);
    shader.constant("STEPS", STEPS).file(include_str!("probe_copy.wgsl"))
}

/// The composed shader that multiplies and adds.
pub fn multiply_shader(shape: Shape) -> Shader {
    let Shape { numbers, chains, n } = shape;
    assert!([2, 4, 8].contains(&chains), "{chains} chains");
    let shader = Shader::new("probe_multiply").constant("WORKGROUP", WORKGROUP).constant("N", n);
    let shader = shader.constant("CHAINS", chains);
    let fma = include_str!("round_fma.wgsl");
    let shader = match numbers {
        Numbers::Float => shader.alias("Number", "f32").file(fma),
        Numbers::Half => shader.f16().alias("Number", "f16").file(fma),
        Numbers::Bytes => shader.dot4().alias("Number", "i32").file(include_str!("round_dot4.wgsl")),
    };
    shader.file(include_str!("probe_multiply.wgsl"))
}

/// Prepares the copy of `n` times 16 bytes.
pub fn copy(device: &Device, n: u32, x: Binding<'_>, y: Binding<'_>) -> Result<Op, Error> {
    let grid = [Axis::Fixed(n.div_ceil(WORKGROUP * STEPS)), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &copy_shader(n), &[x, y], grid)
}

/// Prepares the arithmetic.
pub fn multiply(
    device: &Device,
    shape: Shape,
    x: Binding<'_>,
    factors: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let grid = [Axis::Fixed(shape.n.div_ceil(WORKGROUP)), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &multiply_shader(shape), &[x, factors, y], grid)
}
