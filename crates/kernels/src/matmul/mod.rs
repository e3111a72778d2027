//! Matrix product for a chunk of tokens: `y = x W^T`, W (rows, columns) of any type, x (T, columns), y by [`Store`].
//!
//! Operations: `2 * T * rows * columns`. Traffic: W once per 64 or 128 tokens, x once per 128 rows of W.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use crate::weight::Layout;
use gpu::{Binding, Device, Error, Shader};

/// Rows of one workgroup's tile.
const TILE_ROWS: u32 = 128;
/// Columns of one round of a workgroup.
const STEP: u32 = 16;
/// Tiles of rows below which the columns are shared out, too: what keeps a large GPU busy with a few hundred tokens.
const ROW_TILES_WANTED: u32 = 48;
/// Rounds that a share of the columns has at least; fewer would cost more to add than they save.
const STEPS_MIN: u32 = 8;
/// Most shares of the columns.
const SPLITS_MAX: u32 = 8;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// The matrix, or the part of it that lies in one buffer.
    pub weight: &'a Layout,
    /// What is multiplied.
    pub products: Products,
    /// Where the rows go.
    pub store: Store,
}

/// What is multiplied with the numbers of a weight format, and the bindings that takes for x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// Both as f32: x (T, columns).
    #[default]
    Float,
    /// Both rounded to f16, which halves what goes through workgroup memory, then multiplied and added as f32: x and scales as
    /// [`crate::half_rows`] leaves them.
    Half,
    /// Both as f16, added as f32 by matrix hardware (16 x 16 x 16): x and scales as [`crate::half_rows`] leaves them.
    Cooperative,
}

/// What becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// y (T, stride); row r goes to column `offset + r`.
    Rows {
        /// Width of a row of y.
        stride: u32,
        /// First column of y this part writes.
        offset: u32,
    },
    /// y (parts, T, rows), the parts to be added by the reader: each is the product with a share of the columns.
    Parts(u32),
    /// The matrix is gates and then as many ups; y[t, r] = gelu(gate r) * up r, y (T, rows / 2).
    Gated,
}

/// Workgroup memory that is enough for any kernel on matrix hardware: tiles of f16, and results, which no other memory passes on.
pub(crate) const COOPERATIVE_WORKGROUP_BYTES: u32 = 48 << 10;

/// Parts in which the product with a matrix of so many rows is best left to a reader that can add them.
pub fn parts(weight: &Layout) -> u32 {
    let row_tiles = (weight.rows as u32).div_ceil(TILE_ROWS);
    let steps = weight.blocks() * 32 / STEP;
    let wanted = (ROW_TILES_WANTED / row_tiles).min(steps / STEPS_MIN).clamp(1, SPLITS_MAX);
    // The largest power of two: shares are then equal.
    1 << wanted.ilog2()
}

impl Products {
    /// Whether x comes as [`crate::half_rows`] leaves it.
    pub fn read_halves(self) -> bool {
        match self {
            Products::Float => false,
            Products::Half | Products::Cooperative => true,
        }
    }

    /// Tokens of one workgroup's tile.
    fn tile_tokens(self) -> u32 {
        match self {
            Products::Float | Products::Half => 64,
            Products::Cooperative => 128,
        }
    }

    fn declare(self, shader: Shader) -> Shader {
        let halves = include_str!("halves.wgsl");
        match self {
            Products::Float => shader
                .file(include_str!("../shared/input.wgsl"))
                .file(include_str!("elements_f32.wgsl"))
                .file(include_str!("matmul.wgsl")),
            Products::Half => shader
                .f16()
                .file(halves)
                .file(include_str!("elements_f16.wgsl"))
                .file(include_str!("matmul.wgsl")),
            Products::Cooperative => shader
                .cooperative()
                .workgroup_bytes(COOPERATIVE_WORKGROUP_BYTES)
                .file(halves)
                .file(include_str!("../shared/matrices.wgsl"))
                .file(include_str!("matmul_cooperative.wgsl")),
        }
    }
}

impl Store {
    fn splits(self) -> u32 {
        match self {
            Store::Parts(parts) => parts,
            Store::Rows { .. } | Store::Gated => 1,
        }
    }

    /// Tiles along the rows of the matrix.
    fn row_tiles(self, rows: u32) -> u32 {
        match self {
            Store::Rows { .. } | Store::Parts(_) => rows.div_ceil(TILE_ROWS),
            Store::Gated => (rows / 2).div_ceil(TILE_ROWS / 2),
        }
    }

    fn declare(self, shader: Shader, rows: u32) -> Shader {
        match self {
            Store::Rows { stride, offset } => shader
                .constant("OUT_STRIDE", stride)
                .constant("OUT_OFFSET", offset)
                .file(include_str!("store_rows.wgsl")),
            Store::Parts(_) => shader
                .constant("OUT_STRIDE", rows)
                .constant("OUT_OFFSET", 0u32)
                .file(include_str!("store_rows.wgsl")),
            Store::Gated => {
                shader.file(include_str!("../shared/gelu.wgsl")).file(include_str!("store_gated.wgsl"))
            }
        }
    }
}

/// The composed shader.
pub fn shader(shape: &Shape<'_>) -> Shader {
    let rows = shape.weight.rows as u32;
    let name = match shape.products {
        Products::Float | Products::Half => "matmul",
        Products::Cooperative => "matmul_cooperative",
    };
    let shader = Shader::new(name)
        .constant("ROWS", rows)
        .constant("COLUMNS", shape.weight.columns as u32)
        .constant("SPLITS", shape.store.splits())
        .file(include_str!("../shared/step.wgsl"));
    shape.products.declare(shape.store.declare(shape.weight.declare(shader), rows))
}

/// Prepares `y = x W^T`; `x` are the bindings that [`Products`] lists.
pub fn forward(
    device: &Device,
    shape: &Shape<'_>,
    weight: Binding<'_>,
    x: &[Binding<'_>],
    y: Binding<'_>,
    step: Binding<'_>,
) -> Result<Op, Error> {
    assert_eq!(shape.weight.columns % 4, 0, "matmul: {} columns", shape.weight.columns);
    let inputs = if shape.products.read_halves() { 2 } else { 1 };
    assert_eq!(x.len(), inputs, "matmul: inputs of {:?}", shape.products);
    let rows = shape.weight.rows as u32;
    assert!(shape.store != Store::Gated || rows.is_multiple_of(2), "matmul: {rows} rows of gates and ups");
    let bindings: Vec<Binding<'_>> = [weight, y, step].iter().chain(x).copied().collect();
    let grid = [
        Axis::Fixed(shape.store.row_tiles(rows)),
        Axis::RowsPerGroup(shape.products.tile_tokens()),
        Axis::Fixed(shape.store.splits()),
    ];
    Op::new(device, &shader(shape), &bindings, grid)
}
