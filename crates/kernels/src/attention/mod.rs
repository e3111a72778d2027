//! Causal attention over the KV cache: `y = softmax(q k^T) v` per head, q and y (T, heads, head_dim), caches (capacity,
//! kv_heads, head_dim); a token at position p sees keys `p - window + 1 ..= p` (all up to p without a window). Query head
//! i reads kv head `i / (heads / kv_heads)`. Scores are not scaled: Gemma 4 norms queries and keys instead.
//! Source: Hugging Face `Gemma4TextAttention`, `sliding_window_mask_function`.
//!
//! Traffic per token and kv head: keys and values once per query head (from cache after the first).
//! This serves prompts, one workgroup per (head, token); `token_attention` serves single tokens.

pub mod cases;
pub mod reference;

use crate::kv::KvType;
use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// Keys of one block and invocations of a workgroup; heads may be up to four times as wide.
const WORKGROUP: u32 = 128;

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
}

/// The composed shader.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("attention")
        .bounded()
        .constant("WORKGROUP", WORKGROUP)
        .constant("HEADS", shape.heads)
        .constant("KV_HEADS", shape.kv_heads)
        .constant("HEAD_DIM", shape.head_dim)
        .constant("CAPACITY", shape.capacity)
        .constant("WINDOW", shape.window)
        .file(include_str!("../shared/step.wgsl"))
        .alias("Sum", "f32")
        .file(include_str!("../shared/sum.wgsl"))
        .file(shape.kv.file())
        .file(include_str!("attention.wgsl"))
}

fn check(shape: &Shape) {
    assert_eq!(shape.heads % shape.kv_heads, 0, "attention: {} heads over {}", shape.heads, shape.kv_heads);
    assert!(
        shape.head_dim.is_multiple_of(shape.kv.head_granule()) && shape.head_dim <= 4 * WORKGROUP,
        "attention: heads of {}",
        shape.head_dim
    );
}

/// What attention reads.
pub struct Inputs<'a> {
    /// Queries, (T, heads, head_dim).
    pub q: Binding<'a>,
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
    let grid = [Axis::Fixed(shape.heads), Axis::GroupsPerRow(1), Axis::Fixed(1)];
    Op::new(device, &shader(shape), &[q, k_cache, v_cache, step, y], grid)
}
