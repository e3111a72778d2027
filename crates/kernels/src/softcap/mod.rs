//! Soft cap of logits in place: `y = cap * tanh(y / cap)`, y (n). Source: Hugging Face `Gemma4ForCausalLM`.
//!
//! Traffic: `8 * n` bytes.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 256;
/// Values per line of the grid: keeps any vocabulary within 65535 workgroups per axis.
const WIDTH: u32 = 65536;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Values.
    pub n: u32,
    /// The cap.
    pub cap: f32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("softcap")
        .constant("WORKGROUP", WORKGROUP)
        .constant("N", shape.n)
        .constant("WIDTH", WIDTH)
        .constant("CAP", shape.cap)
        .file(include_str!("softcap.wgsl"))
}

/// Prepares the cap of `y`.
pub fn forward(device: &Device, shape: &Shape, y: Binding<'_>) -> Result<Op, Error> {
    let grid = [
        Axis::Fixed(shape.n.min(WIDTH).div_ceil(WORKGROUP)),
        Axis::Fixed(shape.n.div_ceil(WIDTH)),
        Axis::Fixed(1),
    ];
    Op::new(device, &shader(shape), &[y], grid)
}
