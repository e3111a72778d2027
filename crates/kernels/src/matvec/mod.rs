//! Matrix times vector for one token: `y = W x`, W (rows, columns) of any type, x (columns), y (rows), with what happens
//! to x before and to y after it in the same dispatch, since a dispatch costs as much as reading megabytes.
//!
//! [`Input`] says where x comes from, [`Store`] what becomes of the rows; each is a file or two beside `matvec.wgsl`.
//!
//! Traffic: every weight read once, x once per workgroup (from cache), `4 * rows` bytes written. This is what decoding
//! is made of: its floor is the bytes of W over the memory bandwidth.

pub mod cases;
mod division;
mod made;
pub mod reference;

use division::Division;
pub use division::staged_bytes;

use crate::op::{Axis, Op};
use crate::sums::Sums;
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

pub(crate) const WORKGROUP: u32 = 128;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// The matrix, or the part of it that lies in one buffer.
    pub weight: &'a Layout,
    /// What is multiplied.
    pub products: Products,
    /// How the invocations of a unit add up.
    pub sums: Sums,
    /// Where x comes from.
    pub input: Input,
    /// Where the rows go.
    pub store: Store,
}

/// What is multiplied with the numbers of a weight format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// Both as f32.
    #[default]
    Float,
    /// Both as f32, but an x that goes through workgroup memory is rounded to f16 there, which halves the space and the
    /// traffic.
    Half,
    /// Small integers with the two bytes of 16-bit integers, four at a time (`dot4I8Packed`); x is rounded to 1/65278 of the
    /// largest of its sixteen. For weights that [`Layout::is_packable`] says.
    Packed,
}

/// How values lie between the kernels of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// f32, as `shared/interleaved.wgsl` says; the usual order where rows are no multiple of 32.
    Interleaved,
    /// Packed integers, as `shared/packed_row.wgsl` says: whole rows of a multiple of 32.
    Packed,
}

impl Order {
    /// The order in which products of this kind read rows of so many columns.
    pub fn read_by(products: Products, columns: u32) -> Order {
        match products {
            Products::Packed if columns.is_multiple_of(32) => Order::Packed,
            _ => Order::Interleaved,
        }
    }
}

/// Where x comes from, and the bindings that the input takes. What goes through workgroup memory is a multiple of 32 columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// x as it is, through workgroup memory: x.
    Staged,
    /// x as it is, for rows too long for that: x.
    Rows,
    /// x in [`Order::Interleaved`], for float products, columns a multiple of 32: x.
    Interleaved,
    /// x in [`Order::Packed`], for packed products: x.
    Packed,
    /// x = rms(h) * next: h, next.
    Norm {
        /// Added to the mean square.
        epsilon: f32,
    },
    /// h' = (h + rms(result) * post) * scale and x = rms(h') * next: h, result, post, scale, h', next.
    Residual {
        /// Added to the mean squares.
        epsilon: f32,
        /// How h, the result and h' lie.
        rows: SumRows,
    },
    /// As before, and h' is not stored, as another product does or nobody reads it: h, result, post, scale, next. With
    /// [`Store::Logits`] the other would take more storage buffers than every device has.
    LastResidual {
        /// Added to the mean squares.
        epsilon: f32,
        /// How h and the result lie.
        rows: SumRows,
    },
    /// h' as before and x = h': h, result, post, scale, h'.
    ResidualPlain {
        /// Added to the mean square.
        epsilon: f32,
        /// How h, the result and h' lie.
        rows: SumRows,
    },
}

/// How the rows of a residual sum lie: interleaved, neighbouring invocations read whole lines of the cache. h' lies as the result
/// does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SumRows {
    /// In the usual order.
    #[default]
    Usual,
    /// The result interleaved, and h as an embedding is.
    FromEmbedding,
    /// Interleaved.
    Interleaved,
}

impl SumRows {
    /// Blocks of h and of the result that are interleaved, of rows with so many columns; 0 for the usual order.
    fn blocks(self, columns: u32) -> [u32; 2] {
        let blocks = interleaved_blocks(columns);
        match self {
            SumRows::Usual => [0, 0],
            SumRows::FromEmbedding => [0, blocks],
            SumRows::Interleaved => [blocks, blocks],
        }
    }

    /// What the result is to be stored with: see [`Store::Rows`].
    pub fn result_blocks(self, columns: u32) -> u32 {
        self.blocks(columns)[1]
    }

    /// How the rows of the next sum lie, whose h is the h' of this one.
    #[must_use]
    pub fn next(self) -> SumRows {
        match self {
            SumRows::Usual => SumRows::Usual,
            SumRows::FromEmbedding | SumRows::Interleaved => SumRows::Interleaved,
        }
    }
}

/// What becomes of the rows, and the bindings that takes. `offset` is the place of the part's first row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Store {
    /// y[offset + r] = row r: y.
    Rows {
        /// First element of y.
        offset: u32,
        /// [`interleaved_blocks`] of y, if a residual sum reads it so; 0 for the usual order.
        blocks: u32,
    },
    /// The matrix is gates and then as many ups; y[r] = gelu(gate r) * up r: y.
    Gated(Order),
    /// y[offset + r] = gelu(row r) * up[up_offset + r]: y, up.
    Gate {
        /// How y lies; packed if all rows are in one part.
        order: Order,
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
        /// First candidate of the part; it has [`candidates`] of them.
        candidates: u32,
    },
}

impl Shape<'_> {
    fn division(&self) -> Division {
        Division::of(self.weight, self.store)
    }
}

impl Input {
    /// The place of h' among the bindings of a residual sum.
    pub const STORED: usize = 4;

    fn is_staged(self) -> bool {
        !matches!(self, Input::Rows | Input::Interleaved | Input::Packed)
    }

    fn bindings(self) -> usize {
        match self {
            Input::Staged | Input::Rows | Input::Interleaved | Input::Packed => 1,
            Input::Norm { .. } => 2,
            Input::LastResidual { .. } | Input::ResidualPlain { .. } => 5,
            Input::Residual { .. } => 6,
        }
    }

    fn declare(self, shader: Shader, shape: &Shape<'_>, first: u32) -> Shader {
        let &Shape { products, sums, .. } = shape;
        let shader = match self {
            Input::Norm { epsilon }
            | Input::Residual { epsilon, .. }
            | Input::LastResidual { epsilon, .. }
            | Input::ResidualPlain { epsilon, .. } => {
                sums.over_workgroup(shader.constant("EPSILON", epsilon), "f32")
            }
            _ => shader,
        };
        let shader = match self {
            Input::Residual { rows, .. }
            | Input::LastResidual { rows, .. }
            | Input::ResidualPlain { rows, .. } => {
                let [h, result] = rows.blocks(shape.weight.columns as u32);
                shader.constant("H_BLOCKS", h).constant("RESULT_BLOCKS", result)
            }
            _ => shader,
        };
        let shader = match (self.is_staged(), products) {
            (false, _) => shader,
            (true, Products::Float) => {
                shader.file(include_str!("../shared/sixteen.wgsl")).file(include_str!("staged.wgsl"))
            }
            (true, Products::Half) => shader
                .f16()
                .file(include_str!("../shared/sixteen.wgsl"))
                .file(include_str!("../shared/half_scale.wgsl"))
                .file(include_str!("staged_half.wgsl")),
            (true, Products::Packed) => declare_pack(shader).file(include_str!("staged_packed.wgsl")),
        };
        match self {
            Input::Staged => shader.file(include_str!("input_staged.wgsl")),
            Input::Rows => {
                shader.file(include_str!("../shared/input.wgsl")).file(include_str!("input_rows.wgsl"))
            }
            Input::Interleaved => shader.file(include_str!("input_interleaved.wgsl")),
            Input::Packed => shader.file(include_str!("input_packed.wgsl")),
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
            Store::Rows { .. } | Store::Gated(_) => 1,
            Store::Gate { .. } | Store::Logits { .. } => 2,
        }
    }

    /// Rows that a unit computes together: more of them read x less often, fewer make more units, which a plain product with
    /// its few rows wants more.
    fn unit_rows(self) -> u32 {
        match self {
            Store::Rows { .. } => 2,
            // Two gates and their two ups.
            Store::Gated(_) | Store::Gate { .. } | Store::Logits { .. } => 4,
        }
    }

    /// Most lanes of a unit: what is left packed leaves a workgroup in whole sixteens.
    fn lanes_max(self) -> u32 {
        match self {
            Store::Gated(_) => WORKGROUP / 8,
            Store::Gate { .. } => WORKGROUP / 4,
            Store::Rows { .. } | Store::Logits { .. } => WORKGROUP,
        }
    }

    fn order(self) -> Option<Order> {
        match self {
            Store::Gated(order) | Store::Gate { order, .. } => Some(order),
            Store::Rows { .. } | Store::Logits { .. } => None,
        }
    }

    fn declare(self, shader: Shader, rows: u32) -> Shader {
        let gelu = include_str!("../shared/gelu.wgsl");
        let shader = match self.order() {
            None => shader,
            Some(Order::Interleaved) => shader
                .file(include_str!("../shared/interleaved.wgsl"))
                .file(include_str!("leave_interleaved.wgsl")),
            Some(Order::Packed) => declare_pack(shader)
                .file(include_str!("../shared/packed_row.wgsl"))
                .file(include_str!("leave_packed.wgsl")),
        };
        match self {
            Store::Rows { offset, blocks } => shader
                .constant("OUT_BLOCKS", blocks)
                .constant("OUT_OFFSET", offset)
                .file(include_str!("../shared/interleaved.wgsl"))
                .file(include_str!("store_rows.wgsl")),
            Store::Gated(_) => shader
                .constant("OUT_BLOCKS", interleaved_blocks(rows / 2))
                .constant("OUT_OFFSET", 0u32)
                .file(gelu)
                .file(include_str!("store_gated.wgsl")),
            Store::Gate { offset, rows, up_offset, .. } => shader
                .constant("OUT_BLOCKS", interleaved_blocks(rows))
                .constant("OUT_OFFSET", offset)
                .constant("UP_OFFSET", up_offset)
                .file(gelu)
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

fn declare_pack(shader: Shader) -> Shader {
    shader.dot4().file(include_str!("../shared/sixteen.wgsl")).file(include_str!("../shared/pack.wgsl"))
}

/// Candidates that [`Store::Logits`] leaves of a matrix, or of a part of one.
pub fn candidates(weight: &Layout) -> u32 {
    Division::of(weight, Store::Logits { offset: 0, cap: 0.0, candidates: 0 }).groups
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
    let Division { lanes, tiles, .. } = shape.division();
    let first = 1 + shape.store.bindings() as u32;
    let shader = Shader::new("matvec")
        .constant("WORKGROUP", WORKGROUP)
        .constant("LANES", lanes)
        .constant("TILES", tiles)
        .constant("ROWS", rows)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("INPUT", first);
    let shader = match shape.products {
        Products::Float | Products::Half => shape.weight.declare(shader),
        Products::Packed => shape.weight.declare_packed(shader),
    };
    let shader = shape.sums.over_lanes(shader);
    let shader = shape.input.declare(shader, shape, first);
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
        shape.input == Input::Rows || columns.is_multiple_of(32),
        "matvec: {columns} columns by {:?}",
        shape.input
    );
    match shape.products {
        Products::Float | Products::Half => {
            assert!(shape.input != Input::Packed, "matvec: float products of packed input");
        }
        Products::Packed => assert!(
            shape.weight.is_packable() && !matches!(shape.input, Input::Rows | Input::Interleaved),
            "matvec: packed products of {:?} by {:?}",
            shape.weight.kind,
            shape.input
        ),
    }
    assert!(
        !matches!(shape.store, Store::Gated(_)) || shape.weight.rows.is_multiple_of(2),
        "matvec: {} rows of gates and ups",
        shape.weight.rows
    );
    assert_eq!(outputs.len(), shape.store.bindings(), "matvec: outputs of {:?}", shape.store);
    assert_eq!(inputs.len(), shape.input.bindings(), "matvec: inputs of {:?}", shape.input);
    let bindings: Vec<Binding<'_>> = [weight].iter().chain(outputs).chain(inputs).copied().collect();
    let groups = shape.division().groups;
    Op::new(device, &shader(shape), &bindings, [Axis::Fixed(groups), Axis::Fixed(1), Axis::Fixed(1)])
}
