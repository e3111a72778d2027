//! Per-layer inputs: `y = (rms(context_scale * c) * w + y) / sqrt(2)`, c and y (T, layers, columns), w (columns); y comes
//! in as the scaled rows of the per-layer embedding table. Source: Hugging Face `Gemma4TextModel.project_per_layer_inputs`.
//!
//! Traffic: `12 * columns` bytes per (token, layer).

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Layers of the model.
    pub layers: u32,
    /// Width of a per-layer input, a multiple of 4.
    pub columns: u32,
    /// Factor on the projected context, 1 / sqrt(hidden).
    pub context_scale: f32,
    /// Added to the mean square.
    pub epsilon: f32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("per_layer_combine")
        .constant("WORKGROUP", crate::row_workgroup(shape.columns))
        .constant("LAYERS", shape.layers)
        .constant("COLUMNS", shape.columns)
        .constant("CONTEXT_SCALE", shape.context_scale)
        .constant("EPSILON", shape.epsilon)
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(include_str!("per_layer_combine.wgsl"))
}

/// Prepares the combination into `y`.
pub fn forward(
    device: &Device,
    shape: &Shape,
    context: Binding<'_>,
    w: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.columns % 4, 0, "per_layer_combine: {} columns", shape.columns);
    let grid = [Axis::Fixed(shape.layers), Axis::GroupsPerRow(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[context, w, y], grid)
}
