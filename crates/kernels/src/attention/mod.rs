//! Causal attention over the KV cache: `y = softmax(q k^T) v` per head, q and y (T, heads, head_dim), caches (capacity,
//! kv_heads, head_dim); a token at position p sees keys `p - window + 1 ..= p` (all up to p without a window). Query head
//! i reads kv head `i / (heads / kv_heads)`. Scores are not scaled: Gemma 4 norms queries and keys instead.
//! Source: Hugging Face `Gemma4TextAttention`, `sliding_window_mask_function`.
//!
//! Operations: `4 * heads * head_dim` for each token and key it sees. Traffic: keys and values once per tile of query rows.
//! This serves prompts; `token_attention` serves single tokens.

pub mod cases;
pub mod reference;

use crate::kv::KvType;
use crate::matmul;
use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// Invocations of a workgroup.
const WORKGROUP: u32 = 256;
/// Widest head: each eight query rows of a tile take an invocation for every four columns, and a tile has at least sixteen.
const HEAD_DIM_MAX: u32 = 512;
/// Widths of heads whose columns eight subgroups can share out by matrices of sixteen.
const COOPERATIVE_HEADS: [u32; 3] = [128, 256, 512];

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Query heads, a multiple of `kv_heads`.
    pub heads: u32,
    /// Key and value heads.
    pub kv_heads: u32,
    /// Width of a head, a multiple of 4, at most 512.
    pub head_dim: u32,
    /// Rows of the cache.
    pub capacity: u32,
    /// Keys a token sees, itself included; 0 for all.
    pub window: u32,
    /// Type of the cache.
    pub kv: KvType,
    /// How scores and weighted values are computed.
    pub products: Products,
}

/// How scores and weighted values are computed, and the bindings that takes for q.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// In f32: q (T, heads, head_dim).
    #[default]
    Float,
    /// Queries, keys, values and weights as f16, added as f32 by matrix hardware (16 x 16 x 16): q and scales as
    /// [`crate::half_rows`] leaves them. Caches are of f16, heads 128, 256 or 512 wide.
    Cooperative,
}

impl Products {
    /// Matrix hardware where the products of the prompt use it and the cache and its heads allow it.
    pub fn of(products: matmul::Products, kv: KvType, head_dim: u32) -> Products {
        match products {
            matmul::Products::Cooperative if kv == KvType::F16 && COOPERATIVE_HEADS.contains(&head_dim) => {
                Products::Cooperative
            }
            _ => Products::Float,
        }
    }
}

/// The query rows of a workgroup.
struct Tile {
    rows: u32,
    tokens: u32,
    heads: u32,
}

impl Tile {
    /// Thirty-two rows, or sixteen of heads so wide that an invocation would otherwise have more sums than registers.
    fn of(shape: &Shape) -> Tile {
        let sharers = shape.heads / shape.kv_heads;
        let eights = WORKGROUP / (shape.head_dim / 4);
        let (rows, heads) = match shape.products {
            // Rows of a matrix are tokens of one head, which are equally far apart.
            Products::Cooperative => (32, if sharers.is_multiple_of(2) { 2 } else { 1 }),
            Products::Float if eights >= 4 => (32, sharers.min(32)),
            Products::Float => (16, sharers.min(16)),
        };
        Tile { rows, tokens: rows / heads, heads }
    }
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    let tile = Tile::of(shape);
    let name = match shape.products {
        Products::Float => "attention",
        Products::Cooperative => "attention_cooperative",
    };
    let shader = Shader::new(name)
        .constant("HEADS_PER_TILE", tile.heads)
        .constant("HEADS", shape.heads)
        .constant("KV_HEADS", shape.kv_heads)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("CAPACITY", shape.capacity)
        .constant("WINDOW", shape.window)
        .file(include_str!("../shared/step.wgsl"))
        .file(include_str!("seen.wgsl"));
    match shape.products {
        Products::Float => shader
            .constant("ROWS", tile.rows)
            .constant("TOKENS", tile.tokens)
            .file(shape.kv.file())
            .file(include_str!("../shared/kv_cached.wgsl"))
            .file(include_str!("values.wgsl"))
            .file(include_str!("attention.wgsl")),
        Products::Cooperative => shader
            .cooperative()
            .workgroup_bytes(matmul::COOPERATIVE_WORKGROUP_BYTES)
            .file(include_str!("../shared/matrices.wgsl"))
            .file(include_str!("attention_cooperative.wgsl"))
            .file(include_str!("tiles_cooperative.wgsl")),
    }
}

fn check(shape: &Shape) {
    assert_eq!(shape.heads % shape.kv_heads, 0, "attention: {} heads over {}", shape.heads, shape.kv_heads);
    assert!(
        shape.head_dim.is_multiple_of(shape.kv.head_granule()) && shape.head_dim <= HEAD_DIM_MAX,
        "attention: heads of {}",
        shape.head_dim
    );
    if shape.products == Products::Cooperative {
        assert!(
            shape.kv == KvType::F16 && COOPERATIVE_HEADS.contains(&shape.head_dim),
            "attention on matrix hardware: {shape:?}"
        );
    }
}

/// What attention reads.
pub struct Inputs<'a> {
    /// Queries as [`Products`] lists them.
    pub q: &'a [Binding<'a>],
    /// Key cache, the step's own keys included.
    pub k_cache: Binding<'a>,
    /// Value cache.
    pub v_cache: Binding<'a>,
    /// The step's uniform.
    pub step: Binding<'a>,
}

/// Prepares attention for every token of a step to `y` (T, heads, head_dim).
pub fn forward(device: &Device, shape: &Shape, inputs: Inputs<'_>, y: Binding<'_>) -> Result<Op, Error> {
    check(shape);
    let Inputs { q, k_cache, v_cache, step } = inputs;
    let tile = Tile::of(shape);
    let heads = shape.kv_heads * (shape.heads / shape.kv_heads).div_ceil(tile.heads);
    let grid = [Axis::Fixed(heads), Axis::RowsPerGroup(tile.tokens), Axis::Fixed(1)];
    let bindings: Vec<Binding<'_>> = q.iter().chain(&[k_cache, v_cache, step, y]).copied().collect();
    Op::new(device, &shader(shape), &bindings, grid)
}
