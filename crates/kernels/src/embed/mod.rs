//! Row gather: `y[t] = scale * W[ids[t]]` for W (rows, columns) of any type, ids (T), y (T, columns) in f32.
//!
//! Traffic per token: one row of W read, `4 * columns` bytes written. A table larger than one binding is given in parts,
//! one dispatch each; a token is written by the part that holds its row.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 64;

/// What the shader's text depends on.
pub struct Shape<'a> {
    /// The part of the table.
    pub table: &'a Layout,
    /// Row of the whole table at which this part begins.
    pub first_row: u32,
    /// Factor on every value.
    pub scale: f32,
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let shader = Shader::new("embed")
        .constant("WORKGROUP", WORKGROUP)
        .constant("COLUMNS", shape.table.columns as u32)
        .constant("ROWS", shape.table.rows as u32)
        .constant("FIRST_ROW", shape.first_row)
        .constant("SCALE", shape.scale);
    shape.table.declare(shader).file(include_str!("embed.wgsl"))
}

/// Prepares the gather of rows `ids` (T) of `table` to `y` (T, columns).
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    table: Binding<'_>,
    ids: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let columns = shape.table.columns as u32;
    assert_eq!(columns % 4, 0, "embed: {columns} columns");
    let grid = [Axis::Fixed(columns.div_ceil(8).div_ceil(WORKGROUP)), Axis::GroupsPerRow(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[table, ids, y], grid)
}
