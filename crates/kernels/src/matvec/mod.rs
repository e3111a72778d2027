//! Matrix times vector for one token: `y = W x`, W (rows, columns) of any type, x (columns), y (rows), with what happens
//! to x before and to y after it in the same dispatch, since a dispatch costs as much as reading megabytes.
//!
//! [`Input`] says where x comes from, [`Store`] what becomes of the rows; each is a file or two beside `matvec.wgsl`.
//!
//! Traffic: every weight read once, x once per workgroup (from cache), `4 * rows` bytes written. This is what decoding
//! is made of: its floor is the bytes of W over the memory bandwidth.

pub mod cases;
mod division;
pub mod reference;

pub use division::{Division, staged_bytes};

use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

pub(crate) const WORKGROUP: u32 = 128;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// The matrix, or the part of it that lies in one buffer.
    pub weight: &'a Layout,
    /// Where x comes from.
    pub input: Input,
    /// Where the rows go.
    pub store: Store,
}

/// Where x comes from, and the bindings that the input takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// x as it is, through workgroup memory: x.
    Staged,
    /// x as it is, for rows too long for that: x.
    Rows,
    /// x in the order in which [`Store::Gated`] and others leave it, columns a multiple of 32: x.
    Interleaved,
    /// x = rms(h) * next: h, next.
    Norm {
        /// Added to the mean square.
        epsilon: f32,
    },
    /// h' = (h + rms(result) * post) * scale and x = rms(h') * next: h, result, post, scale, h', next.
    Residual {
        /// Added to the mean squares.
        epsilon: f32,
    },
    /// As before, and h' is not needed again: h, result, post, scale, next. With [`Store::Logits`] the other would take
    /// more storage buffers than every device has.
    LastResidual {
        /// Added to the mean squares.
        epsilon: f32,
    },
    /// h' as before and x = h': h, result, post, scale, h'.
    ResidualPlain {
        /// Added to the mean square.
        epsilon: f32,
    },
}

/// What becomes of the rows, and the bindings that takes. `offset` is the place of the part's first row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Store {
    /// y[offset + r] = row r: y.
    Rows {
        /// First element of y.
        offset: u32,
    },
    /// The matrix is gates and then as many ups; y[r] = gelu(gate r) * up r, interleaved: y.
    Gated,
    /// y[offset + r] = gelu(row r) * up[up_offset + r], interleaved: y, up.
    Gate {
        /// First element of y.
        offset: u32,
        /// Rows of all parts.
        rows: u32,
        /// Element of up that belongs to the part's first row.
        up_offset: u32,
    },
    /// y[offset + r] = cap * tanh(row r / cap) and the best of each workgroup: y, candidates.
    Logits {
        /// First element of y.
        offset: u32,
        /// The bound; 0 for none.
        cap: f32,
        /// First candidate of the part; it has [`Division::groups`] of them.
        candidates: u32,
    },
}

impl Input {
    fn is_staged(self) -> bool {
        !matches!(self, Input::Rows | Input::Interleaved)
    }

    fn bindings(self) -> usize {
        match self {
            Input::Staged | Input::Rows | Input::Interleaved => 1,
            Input::Norm { .. } => 2,
            Input::LastResidual { .. } | Input::ResidualPlain { .. } => 5,
            Input::Residual { .. } => 6,
        }
    }

    fn declare(self, shader: Shader, first: u32) -> Shader {
        let shader = match self {
            Input::Norm { epsilon }
            | Input::Residual { epsilon }
            | Input::LastResidual { epsilon }
            | Input::ResidualPlain { epsilon } => shader
                .constant("EPSILON", epsilon)
                .alias("Sum", "f32")
                .file(include_str!("../shared/sum.wgsl")),
            _ => shader,
        };
        let shader = if self.is_staged() { shader.file(include_str!("staged.wgsl")) } else { shader };
        match self {
            Input::Staged => shader.file(include_str!("input_staged.wgsl")),
            Input::Rows => {
                shader.file(include_str!("../shared/input.wgsl")).file(include_str!("input_rows.wgsl"))
            }
            Input::Interleaved => shader.file(include_str!("input_interleaved.wgsl")),
            Input::Norm { .. } => shader.file(include_str!("input_norm.wgsl")),
            Input::Residual { .. } => shader
                .constant("NEXT", first + 5)
                .file(include_str!("input_residual.wgsl"))
                .file(include_str!("residual_kept.wgsl"))
                .file(include_str!("residual_normed.wgsl")),
            Input::LastResidual { .. } => shader
                .constant("NEXT", first + 4)
                .file(include_str!("input_residual.wgsl"))
                .file(include_str!("residual_dropped.wgsl"))
                .file(include_str!("residual_normed.wgsl")),
            Input::ResidualPlain { .. } => shader
                .file(include_str!("input_residual.wgsl"))
                .file(include_str!("residual_kept.wgsl"))
                .file(include_str!("residual_plain.wgsl")),
        }
    }
}

impl Store {
    fn bindings(self) -> usize {
        match self {
            Store::Rows { .. } | Store::Gated => 1,
            Store::Gate { .. } | Store::Logits { .. } => 2,
        }
    }

    fn declare(self, shader: Shader, rows: u32) -> Shader {
        let gelu = include_str!("../shared/gelu.wgsl");
        let interleaved = include_str!("../shared/interleaved.wgsl");
        match self {
            Store::Rows { offset } => {
                shader.constant("OUT_OFFSET", offset).file(include_str!("store_rows.wgsl"))
            }
            Store::Gated => shader
                .constant("OUT_BLOCKS", interleaved_blocks(rows / 2))
                .file(gelu)
                .file(interleaved)
                .file(include_str!("store_gated.wgsl")),
            Store::Gate { offset, rows, up_offset } => shader
                .constant("OUT_BLOCKS", interleaved_blocks(rows))
                .constant("OUT_OFFSET", offset)
                .constant("UP_OFFSET", up_offset)
                .file(gelu)
                .file(interleaved)
                .file(include_str!("store_gate.wgsl")),
            Store::Logits { offset, cap, candidates } => shader
                .constant("OUT_OFFSET", offset)
                .constant("CAP", cap)
                .constant("CANDIDATE_OFFSET", candidates)
                .file(include_str!("../shared/candidate.wgsl"))
                .file(include_str!("store_logits.wgsl")),
        }
    }
}

/// Blocks of a row whose values are interleaved for the next product; 0 where it cannot be, as its last block is not
/// whole, and the order is the usual one.
pub fn interleaved_blocks(columns: u32) -> u32 {
    if columns.is_multiple_of(32) { columns / 32 } else { 0 }
}

/// Invocations that share rows of so many blocks, for kernels that take each row as it is.
pub(crate) fn lanes(blocks: u32) -> u32 {
    blocks.next_power_of_two().clamp(4, 32)
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let rows = shape.weight.rows as u32;
    let Division { lanes, tiles, .. } = Division::of(shape.weight);
    let first = 1 + shape.store.bindings() as u32;
    let shader = Shader::new("matvec")
        .bounded()
        .constant("WORKGROUP", WORKGROUP)
        .constant("LANES", lanes)
        .constant("TILES", tiles)
        .constant("ROWS", rows)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("INPUT", first);
    let shader = shape.weight.declare(shader).file(include_str!("../shared/lanes.wgsl"));
    let shader = shape.input.declare(shader, first);
    shape.store.declare(shader, rows).file(include_str!("matvec.wgsl"))
}

/// Prepares `y = W x`; `outputs` and `inputs` are the bindings that [`Store`] and [`Input`] list.
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    weight: Binding<'_>,
    outputs: &[Binding<'_>],
    inputs: &[Binding<'_>],
) -> Result<Op, Error> {
    let columns = shape.weight.columns;
    assert_eq!(columns % 4, 0, "matvec: {columns} columns");
    assert!(
        shape.input != Input::Interleaved || columns.is_multiple_of(32),
        "matvec: {columns} columns interleaved"
    );
    assert!(
        shape.store != Store::Gated || shape.weight.rows.is_multiple_of(2),
        "matvec: {} rows of gates and ups",
        shape.weight.rows
    );
    assert_eq!(outputs.len(), shape.store.bindings(), "matvec: outputs of {:?}", shape.store);
    assert_eq!(inputs.len(), shape.input.bindings(), "matvec: inputs of {:?}", shape.input);
    let bindings: Vec<Binding<'_>> = [weight].iter().chain(outputs).chain(inputs).copied().collect();
    let groups = Division::of(shape.weight).groups;
    Op::new(device, &shader(shape), &bindings, [Axis::Fixed(groups), Axis::Fixed(1), Axis::Fixed(1)])
}
