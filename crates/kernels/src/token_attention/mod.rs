//! Attention of a single token: per head the norm and rotation of `head_norm_rope` with its append to the cache, then
//! `y = softmax(q k^T) v` as in `attention`, in one dispatch and the one that joins its parts.
//!
//! qkv (stride) holds raw projections; caches (capacity, kv_heads, head_dim); y (heads, head_dim) in the order in
//! which the output projection reads it. The keys are divided among `splits` workgroups per head, since one workgroup per head
//! would leave most of a GPU idle; each leaves a partial result (head_dim) with the maximum and sum of its weights.
//!
//! Traffic: keys and values once per query head (from cache after the first).

pub mod cases;
pub mod reference;

use crate::kv::KvType;
use crate::matvec::{Order, interleaved_blocks};
use crate::op::{Axis, Op};
use crate::sums::Sums;
use gpu::{Binding, Device, Error, Shader};

/// Invocations of a workgroup; heads may be up to four times as wide.
const WORKGROUP: u32 = 128;
/// Keys for which a split is worth its workgroup.
const SPLIT_KEYS: u32 = 64;
/// Most parts of the keys.
const SPLITS_MAX: u32 = 32;

/// What the shader's text depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Query heads, a multiple of `kv_heads`.
    pub heads: u32,
    /// Key and value heads of the cache.
    pub kv_heads: u32,
    /// Whether qkv has this token's keys and values; a layer that shares another's cache finds them there.
    pub own: bool,
    /// Width of a head, a multiple of 8, at most 512.
    pub head_dim: u32,
    /// Element of qkv at which values begin: behind the keys, or the keys' own.
    pub v_offset: u32,
    /// Rows of the cache; no fewer than a token sees.
    pub capacity: u32,
    /// Keys a token sees, itself included; 0 for all.
    pub window: u32,
    /// Type of the cache.
    pub kv: KvType,
    /// Added to the mean square.
    pub epsilon: f32,
    /// How the invocations of a workgroup add up.
    pub sums: Sums,
}

/// Workgroups among which a head's keys are divided, of which a token sees `window` (0 for all) and at most `capacity`.
pub fn splits(capacity: u32, window: u32) -> u32 {
    let keys = if window == 0 { capacity } else { capacity.min(window) };
    keys.div_ceil(SPLIT_KEYS).clamp(1, SPLITS_MAX)
}

impl Shape {
    /// [`splits`] of this layer.
    pub fn splits(&self) -> u32 {
        splits(self.capacity, self.window)
    }
}

/// The shader of `forward`.
pub fn shader(shape: &Shape) -> Shader {
    let shader = Shader::new("token_attention")
        .bounded()
        .constant("WORKGROUP", WORKGROUP)
        .constant("HEADS", shape.heads)
        .constant("KV_HEADS", shape.kv_heads)
        .constant("OWN", shape.own)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("V_OFFSET", shape.v_offset)
        .constant("CAPACITY", shape.capacity)
        .constant("WINDOW", shape.window)
        .constant("SPLITS", shape.splits())
        .constant("EPSILON", shape.epsilon)
        .file(include_str!("../shared/step.wgsl"));
    shape
        .sums
        .over_workgroup(shader, "vec3<f32>")
        .file(include_str!("../shared/rope.wgsl"))
        .file(shape.kv.file())
        .file(include_str!("../shared/kv_row.wgsl"))
        .file(include_str!("token_attention.wgsl"))
}

/// The shader of `merge`.
pub fn merge_shader(shape: &Shape, order: Order) -> Shader {
    let shader = Shader::new("attention_merge")
        .bounded()
        .constant("WORKGROUP", 64u32)
        .constant("HEADS", shape.heads)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("SPLITS", shape.splits());
    let shader = match order {
        Order::Interleaved => shader
            .constant("OUT_BLOCKS", interleaved_blocks(shape.heads * shape.head_dim))
            .file(include_str!("../shared/interleaved.wgsl"))
            .file(include_str!("merge_interleaved.wgsl")),
        Order::Packed => shader
            .dot4()
            .file(include_str!("../shared/sixteen.wgsl"))
            .file(include_str!("../shared/pack.wgsl"))
            .file(include_str!("../shared/packed_row.wgsl"))
            .file(include_str!("merge_packed.wgsl")),
    };
    shader.file(include_str!("attention_merge.wgsl"))
}

/// What the kernel reads and writes.
pub struct Buffers<'a> {
    /// Raw projections: queries, keys, values.
    pub qkv: Binding<'a>,
    /// Norm weights of queries, then of keys, (2, head_dim).
    pub norms: Binding<'a>,
    /// [`crate::head_norm_rope::rope_table`].
    pub rope: Binding<'a>,
    /// Key cache.
    pub k_cache: Binding<'a>,
    /// Value cache.
    pub v_cache: Binding<'a>,
    /// Partial results, (splits, heads, head_dim).
    pub partials: Binding<'a>,
    /// Maximum and sum of the weights of each, (splits, heads, 2).
    pub sums: Binding<'a>,
    /// The step's uniform.
    pub step: Binding<'a>,
}

/// Prepares attention over every split.
pub fn forward(device: &Device, shape: &Shape, buffers: Buffers<'_>) -> Result<Op, Error> {
    assert_eq!(
        shape.heads % shape.kv_heads,
        0,
        "token_attention: {} heads over {}",
        shape.heads,
        shape.kv_heads
    );
    assert!(
        shape.head_dim.is_multiple_of(shape.kv.head_granule().max(8)) && shape.head_dim <= 4 * WORKGROUP,
        "token_attention: heads of {}",
        shape.head_dim
    );
    let Buffers { qkv, norms, rope, k_cache, v_cache, partials, sums, step } = buffers;
    let bindings = [qkv, norms, rope, k_cache, v_cache, partials, sums, step];
    let grid = [Axis::Fixed(shape.heads), Axis::Fixed(shape.splits()), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &bindings, grid)
}

/// Prepares the join of the splits to `y` (heads, head_dim) in an order; packed if the row is a multiple of 32.
pub fn merge(
    device: &Device,
    shape: &Shape,
    order: Order,
    partials: Binding<'_>,
    sums: Binding<'_>,
    y: Binding<'_>,
) -> Result<Op, Error> {
    let groups = (shape.heads * shape.head_dim / 4).div_ceil(64);
    let grid = [Axis::Fixed(groups), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &merge_shader(shape, order), &[partials, sums, y], grid)
}
