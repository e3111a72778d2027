//! Expert routing: softmax over logits (T, experts), the `top_k` largest renormalised to sum 1 and multiplied by each
//! expert's scale (experts); results experts (T, top_k) and weights (T, top_k), largest first, ties to the lower index.
//! Source: Hugging Face `Gemma4TextRouter`.
//!
//! Work: `top_k * experts` comparisons per token; traffic is negligible beside the experts'.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 64;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Experts of the layer.
    pub experts: u32,
    /// Experts chosen per token, at most `experts`.
    pub top_k: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("router_top_k")
        .constant("WORKGROUP", WORKGROUP)
        .constant("EXPERTS", shape.experts)
        .constant("TOP_K", shape.top_k)
        .file(include_str!("../shared/step.wgsl"))
        .file(include_str!("router_top_k.wgsl"))
}

/// Prepares the routing of a step's tokens.
pub fn forward(
    device: &Device,
    shape: &Shape,
    logits: Binding<'_>,
    scale: Binding<'_>,
    experts: Binding<'_>,
    weights: Binding<'_>,
    step: Binding<'_>,
) -> Result<Op, Error> {
    assert!(shape.top_k >= 1 && shape.top_k <= shape.experts, "router_top_k: {shape:?}");
    let grid = [Axis::RowsPerGroup(WORKGROUP), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[logits, scale, experts, weights, step], grid)
}
