//! Per head: RMS norm, rotary position and the append to the KV cache, for queries, keys and values at once.
//!
//! qkv (T, stride) holds raw projections; q (T, heads, head_dim) gets the queries; the caches (capacity, kv_heads,
//! head_dim) get keys and values at row `position % capacity`. Values are normed without weight and not rotated; on
//! K = V layers they come from the raw keys. Rotation pairs are (j, j + head_dim / 2) (NeoX order).
//! Source: Hugging Face `Gemma4TextAttention`.
//!
//! Traffic per token: `4 * stride` bytes read, queries written in f32, keys and values in the cache's type.

pub mod cases;
pub mod reference;

use crate::kv::KvType;
use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 64;
/// Positions of the fine half of the rope table.
pub const FINE: u32 = 256;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Query heads.
    pub heads: u32,
    /// Key and value heads written to the cache; 0 where the layer shares another's cache.
    pub kv_heads: u32,
    /// Width of a head, a multiple of 8.
    pub head_dim: u32,
    /// Width of a row of qkv.
    pub stride: u32,
    /// Column of qkv at which values begin: behind the keys, or the keys' own column.
    pub v_offset: u32,
    /// Rows of the cache.
    pub capacity: u32,
    /// Type of the cache.
    pub kv: KvType,
    /// Added to the mean square.
    pub epsilon: f32,
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("head_norm_rope")
        .constant("WORKGROUP", WORKGROUP)
        .constant("HEADS", shape.heads)
        .constant("KV_HEADS", shape.kv_heads)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("QKV_STRIDE", shape.stride)
        .constant("V_OFFSET", shape.v_offset)
        .constant("CAPACITY", shape.capacity)
        .constant("EPSILON", shape.epsilon)
        .file(include_str!("../shared/step.wgsl"))
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(include_str!("../shared/rope.wgsl"))
        .file(shape.kv.file())
        .file(include_str!("../shared/kv_row.wgsl"))
        .file(include_str!("head_norm_rope.wgsl"))
}

/// The buffers of the formula.
pub struct Buffers<'a> {
    /// Raw projections, (T, stride).
    pub qkv: Binding<'a>,
    /// Norm weights of queries, then of keys, (2, head_dim).
    pub norms: Binding<'a>,
    /// [`rope_table`], (256 + .., head_dim / 2, 2).
    pub rope: Binding<'a>,
    /// Rotated queries, (T, heads, head_dim).
    pub q: Binding<'a>,
    /// Key cache.
    pub k_cache: Binding<'a>,
    /// Value cache.
    pub v_cache: Binding<'a>,
    /// The step's uniform.
    pub step: Binding<'a>,
}

/// Prepares the norm, rotation and append.
pub fn forward(device: &Device, shape: &Shape, buffers: Buffers<'_>) -> Result<Op, Error> {
    assert_eq!(shape.head_dim % 8, 0, "head_norm_rope: heads of {}", shape.head_dim);
    assert_eq!(shape.head_dim % shape.kv.head_granule(), 0, "head_norm_rope: heads of {}", shape.head_dim);
    assert_eq!(shape.stride % 4, 0, "head_norm_rope: stride {}", shape.stride);
    let Buffers { qkv, norms, rope, q, k_cache, v_cache, step } = buffers;
    let grid = [Axis::Fixed(shape.heads + 2 * shape.kv_heads), Axis::GroupsPerRow(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[qkv, norms, rope, q, k_cache, v_cache, step], grid)
}

/// Lines of the rope table for a context: 256 fine positions, then one line per started 256 positions.
pub fn rope_lines(context: u32) -> u32 {
    FINE + context.div_ceil(FINE)
}

/// The table (lines, head_dim / 2, 2) of (cos, sin): line p < 256 for position p, line 256 + n for position 256 n.
/// The angle of pair j at position p is `p * theta^(-2 j / head_dim) / factors[j]`; pairs beyond `factors` divide by 1.
pub fn rope_table(head_dim: u32, theta: f64, factors: &[f32], context: u32) -> Vec<f32> {
    let pairs = head_dim / 2;
    let frequency: Vec<f64> = (0..pairs)
        .map(|j| {
            let factor = factors.get(j as usize).map_or(1.0, |&f| f64::from(f));
            theta.powf(-2.0 * f64::from(j) / f64::from(head_dim)) / factor
        })
        .collect();
    let positions = (0..FINE).chain((0..context.div_ceil(FINE)).map(|n| n * FINE));
    positions
        .flat_map(|p| frequency.iter().map(move |f| f64::from(p) * f))
        .flat_map(|angle| [angle.cos() as f32, angle.sin() as f32])
        .collect()
}
