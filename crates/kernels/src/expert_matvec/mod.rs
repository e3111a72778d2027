//! Expert products: `y[s] = W[e] x` for every slot s = (token, choice), with e = experts[s]; W (experts, rows, columns)
//! of any type, x (T, columns) or (slots, columns), y (slots, out_stride) with the result in columns
//! `out_offset .. out_offset + rows`.
//!
//! Traffic: the chosen experts' weights once per slot. A tensor larger than one binding is given in parts of whole
//! experts; a slot is written by the part that holds its expert.

pub mod cases;
pub mod reference;

use crate::matvec::{WORKGROUP, lanes};
use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

/// What the shader's text depends on.
pub struct Shape<'a> {
    /// The part's experts, rows of all of them one after the other.
    pub weight: &'a Layout,
    /// Rows of one expert.
    pub rows: u32,
    /// First expert of this part.
    pub first_expert: u32,
    /// Experts chosen per token.
    pub top_k: u32,
    /// Slots that read the same row of x: `top_k` if x is per token, 1 if it is per slot.
    pub slots_per_input: u32,
    /// Width of a row of y.
    pub out_stride: u32,
    /// First column of y that is written.
    pub out_offset: u32,
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let shader = Shader::new("expert_matvec")
        .constant("WORKGROUP", WORKGROUP)
        .constant("LANES", lanes(shape.weight.blocks()))
        .constant("ROWS", shape.rows)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("FIRST_EXPERT", shape.first_expert)
        .constant("EXPERTS", shape.weight.rows as u32 / shape.rows)
        .constant("SLOTS_PER_INPUT", shape.slots_per_input)
        .constant("OUT_STRIDE", shape.out_stride)
        .constant("OUT_OFFSET", shape.out_offset);
    shape
        .weight
        .declare(shader)
        .file(include_str!("../shared/input.wgsl"))
        .file(include_str!("../shared/lanes.wgsl"))
        .file(include_str!("expert_matvec.wgsl"))
}

/// Prepares the products of a step's slots.
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    weight: Binding<'_>,
    x: Binding<'_>,
    experts: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.weight.columns % 4, 0, "expert_matvec: {} columns", shape.weight.columns);
    assert_eq!(shape.weight.rows % u64::from(shape.rows), 0, "expert_matvec: parts hold whole experts");
    let groups = shape.rows.div_ceil(2 * WORKGROUP / lanes(shape.weight.blocks()));
    let grid = [Axis::Fixed(groups), Axis::GroupsPerRow(shape.top_k), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[weight, x, experts, y], grid)
}
