//! Attention of a single token: per head the norm and rotation of `head_norm_rope` with its append to the cache, then
//! `y = softmax(q k^T) v` as in `attention`. Over few keys it is one dispatch; over many, keys are divided among workgroups, each of which leaves
//! a partial result (head_dim) with the maximum and sum of its weights, and a second dispatch joins them.
//!
//! qkv and values hold raw projections, which may be one buffer or two; caches (capacity, kv_heads, head_dim); y (heads, head_dim) in the order in
//! which the output projection reads it.
//!
//! Traffic: over few keys, each query head reads the keys once for every 64 of its columns and its values once (from cache after the
//! first); over many, keys and values once for each group of query heads, and partial results twice.

pub mod cases;
pub mod reference;

use crate::kv::KvType;
use crate::matvec::{Order, interleaved_blocks};
use crate::op::{Axis, Op};
use crate::sums::Sums;
use gpu::{Binding, Device, Error, Shader};

/// Invocations of a workgroup over many keys.
const SPLIT_WORKGROUP: u32 = 256;
/// Widest heads.
const HEAD_DIM_MAX: u32 = 512;
/// Keys that a workgroup takes at once, a slot of [`KEY_LANES`] invocations two of them.
const BLOCK: u32 = 32;
/// Invocations that compute the scores of two keys together; no more than are in a subgroup where they exchange what they have.
const KEY_LANES: u32 = 16;
// A block is two keys of each slot, and by subgroups two of each lane.
const _: () = assert!(BLOCK == 2 * (SPLIT_WORKGROUP / KEY_LANES) && BLOCK == 2 * KEY_LANES);
/// Most shares of the keys, and most of them over all heads. A little more than a power of two: of a context of so many tokens and
/// an answer, shares would be a block longer otherwise.
const SPLITS_MAX: u32 = 264;
const HEAD_SPLITS_MAX: u32 = 8 * SPLITS_MAX;
/// Most query heads that a workgroup takes together.
const GROUP_MAX: u32 = 4;
/// Bytes of workgroup memory that every device has.
const WORKGROUP_BYTES: u64 = 16384;
/// Most values of a head's keys that are few: so many keys of 256 columns, which a workgroup reads in little more than the time of a
/// dispatch.
const WHOLE_VALUES_MAX: u32 = 1024 * 256;
/// Columns of a head that a workgroup over few keys takes, if they divide it.
const PART_COLUMNS: u32 = 64;
/// Invocations of a workgroup that joins partial results, those of them that join the same columns, and the shares above which
/// more of them do.
const MERGE_WORKGROUP: u32 = 128;
const MERGE_LANES: [u32; 2] = [8, 32];
const FEW_SPLITS: u32 = 64;

/// How many invocations a workgroup over few keys has. A wide one has more loads in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// 256, which every device has.
    #[default]
    Narrow,
    /// 512.
    Wide,
}

impl Width {
    const fn invocations(self) -> u32 {
        match self {
            Width::Narrow => 256,
            Width::Wide => 512,
        }
    }

    /// The width for a device that has so many invocations in a workgroup at most.
    pub fn within(invocations_max: u64) -> Width {
        if invocations_max >= u64::from(Width::Wide.invocations()) { Width::Wide } else { Width::Narrow }
    }
}

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
    /// Element of the raw values at which they begin. K = V layers have none of their own: theirs are the raw keys.
    pub v_offset: u32,
    /// Rows of the cache; no fewer than a token sees.
    pub capacity: u32,
    /// Keys a token sees, itself included; 0 for all.
    pub window: u32,
    /// Type of the cache.
    pub kv: KvType,
    /// Added to the mean square.
    pub epsilon: f32,
    /// Order of y; packed if the row is a multiple of 32.
    pub order: Order,
    /// Workgroups over few keys.
    pub width: Width,
    /// How invocations add up.
    pub sums: Sums,
}

/// Most keys that a token sees.
fn keys_max(capacity: u32, window: u32) -> u32 {
    if window == 0 { capacity } else { capacity.min(window) }
}

/// Shares of the keys of which partial results are left, for a token that sees `window` keys (0 for all) and at most `capacity`;
/// 0 where there are so few that none are.
pub fn splits(heads: u32, head_dim: u32, capacity: u32, window: u32) -> u32 {
    let keys = keys_max(capacity, window);
    let fits = |kv| whole_bytes(kv, head_dim, keys, Width::Narrow.invocations()) <= WORKGROUP_BYTES;
    let few = keys.saturating_mul(head_dim) <= WHOLE_VALUES_MAX && head_dim.is_multiple_of(32);
    if few && [KvType::F32, KvType::F16, KvType::Q8].into_iter().all(fits) {
        return 0;
    }
    keys.div_ceil(BLOCK).min((HEAD_SPLITS_MAX / heads).clamp(1, SPLITS_MAX))
}

/// Workgroup memory of what `prepare.wgsl` leaves: queries, the newest key and value, sums of squares.
fn prepared_bytes(kv: KvType, head_dim: u32, group: u32) -> u64 {
    2 * kv.head_bytes(head_dim) + u64::from(4 * group * head_dim + 4 * (group + 2) * takers(head_dim))
}

/// Workgroup memory of attention over few keys: what is prepared, what is on its way to a cache with scales, all scores, what
/// invocations add up, the values.
fn whole_bytes(kv: KvType, head_dim: u32, keys: u32, invocations: u32) -> u64 {
    let row = if kv == KvType::Q8 { 8 * head_dim } else { 0 };
    prepared_bytes(kv, head_dim, 1)
        + u64::from(row + 4 * keys + 16 * invocations + 2 * invocations + 4 * part_columns(head_dim))
}

/// Invocations that share the sum of a head's squares, as `prepare.wgsl` has them.
fn takers(head_dim: u32) -> u32 {
    (head_dim / 8).div_ceil(2)
}

/// Columns that a workgroup over few keys takes.
fn part_columns(head_dim: u32) -> u32 {
    if head_dim.is_multiple_of(PART_COLUMNS) { PART_COLUMNS } else { head_dim }
}

impl Shape {
    /// [`splits`] of this layer.
    pub fn splits(&self) -> u32 {
        splits(self.heads, self.head_dim, self.capacity, self.window)
    }

    /// Query heads that a workgroup over many keys takes together: as many of a kv head's as the memory that every device has
    /// is enough for.
    fn group(&self) -> u32 {
        // What is on its way to a cache with scales lies in the row, too.
        let row = 16 * SPLIT_WORKGROUP.max(self.head_dim / 2);
        let bytes = |group| prepared_bytes(self.kv, self.head_dim, group) + u64::from(row + 16 * BLOCK);
        let mut group = (self.heads / self.kv_heads).next_power_of_two().min(GROUP_MAX);
        while group > 1 && bytes(group) > WORKGROUP_BYTES {
            group /= 2;
        }
        group
    }

    /// Invocations that join the shares of the same columns.
    fn merge_lanes(&self) -> u32 {
        MERGE_LANES[usize::from(self.splits() > FEW_SPLITS)]
    }

    /// Invocations of a workgroup over few keys: those of the width, if the memory that every device has is enough for them.
    fn invocations(&self) -> u32 {
        let keys = keys_max(self.capacity, self.window);
        let bytes = |invocations| whole_bytes(self.kv, self.head_dim, keys, invocations);
        let wanted = self.width.invocations();
        if bytes(wanted) <= WORKGROUP_BYTES { wanted } else { Width::Narrow.invocations() }
    }

    /// Workgroups that divide the columns of a head over few keys.
    fn parts(&self) -> u32 {
        self.head_dim / part_columns(self.head_dim)
    }

    fn declare(&self, shader: Shader) -> Shader {
        let shader = shader
            .constant("HEADS", self.heads)
            .constant("KV_HEADS", self.kv_heads)
            .constant("OWN", self.own)
            .constant("HEAD_DIM", self.head_dim)
            .constant("V_OFFSET", self.v_offset)
            .constant("CAPACITY", self.capacity)
            .constant("WINDOW", self.window)
            .constant("EPSILON", self.epsilon)
            .file(include_str!("../shared/step.wgsl"))
            .file(include_str!("../shared/rope.wgsl"))
            .file(self.kv.file())
            .file(include_str!("../shared/kv_cached.wgsl"))
            .file(include_str!("prepare.wgsl"))
            .file(include_str!("eight.wgsl"));
        let takers = takers(self.head_dim);
        let shader = match self.sums {
            Sums::Subgroup(neighbours) if takers.is_power_of_two() && takers <= neighbours => {
                shader.subgroups(neighbours).file(include_str!("row_sum_subgroup.wgsl"))
            }
            _ => shader.file(include_str!("row_sum.wgsl")),
        };
        match self.kv {
            KvType::Q8 => {
                shader.file(include_str!("../shared/kv_row.wgsl")).file(include_str!("newest_scaled.wgsl"))
            }
            KvType::F16 | KvType::F32 => shader.file(include_str!("newest_plain.wgsl")),
        }
    }

    /// Adds `leave`, whose y has a binding.
    fn declare_leave(&self, shader: Shader, y: u32) -> Shader {
        let shader = shader.constant("Y", y);
        match self.order {
            Order::Interleaved => shader
                .constant("OUT_BLOCKS", interleaved_blocks(self.heads * self.head_dim))
                .file(include_str!("../shared/interleaved.wgsl"))
                .file(include_str!("leave_interleaved.wgsl")),
            Order::Packed => shader
                .dot4()
                .file(include_str!("../shared/sixteen.wgsl"))
                .file(include_str!("../shared/pack.wgsl"))
                .file(include_str!("../shared/packed_row.wgsl"))
                .file(include_str!("leave_packed.wgsl")),
        }
    }
}

/// The shaders of `forward`.
pub fn shaders(shape: &Shape) -> Vec<Shader> {
    match shape.splits() {
        0 => vec![whole_shader(shape)],
        _ => vec![split_shader(shape), merge_shader(shape)],
    }
}

fn whole_shader(shape: &Shape) -> Shader {
    let shader = Shader::new("token_attention")
        .invocations(shape.invocations())
        .constant("WORKGROUP", shape.invocations())
        .constant("GROUP", 1u32)
        .constant("PARTS", shape.parts())
        .constant("KEYS_MAX", keys_max(shape.capacity, shape.window));
    let shader = match shape.sums {
        Sums::Workgroup => shader.constant("KEY_LANES", KEY_LANES).file(include_str!("whole_scores.wgsl")),
        Sums::Subgroup(neighbours) => shader
            .subgroups(neighbours)
            .constant("KEY_LANES", neighbours.min(KEY_LANES))
            .file(include_str!("whole_scores_subgroup.wgsl")),
    };
    shape.declare_leave(shape.declare(shader), 7).file(include_str!("whole.wgsl"))
}

fn split_shader(shape: &Shape) -> Shader {
    let shader = Shader::new("token_attention")
        .constant("WORKGROUP", SPLIT_WORKGROUP)
        .constant("GROUP", shape.group())
        .constant("KEY_LANES", KEY_LANES)
        .constant("SPLITS", shape.splits());
    let shader = match shape.sums {
        Sums::Subgroup(neighbours) if neighbours >= KEY_LANES => {
            shader.subgroups(KEY_LANES).file(include_str!("split_scores_subgroup.wgsl"))
        }
        _ => shader.file(include_str!("split_scores.wgsl")),
    };
    shape
        .declare(shader)
        .file(include_str!("../shared/kv_row.wgsl"))
        .file(include_str!("splits.wgsl"))
        .file(include_str!("split.wgsl"))
}

fn merge_shader(shape: &Shape) -> Shader {
    let shader = Shader::new("attention_merge")
        .constant("WORKGROUP", MERGE_WORKGROUP)
        .constant("SPLIT_LANES", shape.merge_lanes())
        .constant("HEADS", shape.heads)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("WINDOW", shape.window)
        .constant("SPLITS", shape.splits())
        .file(include_str!("../shared/step.wgsl"))
        .file(include_str!("splits.wgsl"));
    shape.declare_leave(shader, 3).file(include_str!("merge.wgsl"))
}

/// What the kernel reads and writes.
pub struct Buffers<'a> {
    /// Raw projections: queries, keys.
    pub qkv: Binding<'a>,
    /// Raw projections: values, behind the keys in the same buffer or in one of their own.
    pub values: Binding<'a>,
    /// Norm weights of queries, then of keys, (2, head_dim).
    pub norms: Binding<'a>,
    /// [`crate::head_norm_rope::rope_table`].
    pub rope: Binding<'a>,
    /// Key cache.
    pub k_cache: Binding<'a>,
    /// Value cache.
    pub v_cache: Binding<'a>,
    /// The step's uniform.
    pub step: Binding<'a>,
    /// Over many keys, partial results (splits, heads, head_dim), and the maximum and sum of the weights of each (splits, heads, 2).
    pub partials: Option<[Binding<'a>; 2]>,
    /// The attended values, (heads, head_dim) in the shape's order.
    pub y: Binding<'a>,
}

/// Prepares attention: one dispatch over few keys, two over many.
pub fn forward(device: &Device, shape: &Shape, buffers: Buffers<'_>) -> Result<Vec<Op>, Error> {
    assert_eq!(
        shape.heads % shape.kv_heads,
        0,
        "token_attention: {} heads over {}",
        shape.heads,
        shape.kv_heads
    );
    assert!(
        shape.head_dim.is_multiple_of(shape.kv.head_granule().max(8)) && shape.head_dim <= HEAD_DIM_MAX,
        "token_attention: heads of {}",
        shape.head_dim
    );
    let Buffers { qkv, values, norms, rope, k_cache, v_cache, step, partials, y } = buffers;
    let mut bindings = vec![qkv, values, norms, rope, k_cache, v_cache, step];
    let fixed = |groups: [u32; 3]| groups.map(Axis::Fixed);
    if shape.splits() == 0 {
        let grid = fixed([shape.heads, shape.parts(), 1]);
        bindings.push(y);
        return Ok(vec![Op::new(device, &whole_shader(shape), &bindings, grid)?]);
    }
    let [partials, sums] = partials.expect("many keys leave partial results");
    let groups = (shape.heads / shape.kv_heads).div_ceil(shape.group());
    let grid = fixed([shape.kv_heads * groups, shape.splits(), 1]);
    bindings.extend([partials, sums]);
    let split = Op::new(device, &split_shader(shape), &bindings, grid)?;
    let columns = shape.heads * shape.head_dim / 4;
    let grid = fixed([columns.div_ceil(MERGE_WORKGROUP / shape.merge_lanes()), 1, 1]);
    let merge = Op::new(device, &merge_shader(shape), &[partials, sums, step, y], grid)?;
    Ok(vec![split, merge])
}
