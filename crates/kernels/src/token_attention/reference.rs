//! The references of `head_norm_rope` and `attention`, one after the other.

use super::Shape;
use crate::attention::reference::forward as attention;
use crate::case::buffers::stored;
use crate::head_norm_rope::reference::{Rope, forward as heads};
use crate::{attention, head_norm_rope};

/// y (heads, head_dim) and the caches with the token's own row.
pub struct Attended {
    /// The weighted mean of the values.
    pub y: Vec<f32>,
    /// Keys (capacity, kv_heads, head_dim), rounded as the cache rounds them.
    pub keys: Vec<f32>,
    /// Values, likewise.
    pub values: Vec<f32>,
}

/// The token with raw projections `qkv` at `position`, over caches that hold the positions before it.
pub fn forward(
    shape: &Shape,
    rope: Rope<'_>,
    qkv: &[f32],
    norms: &[f32],
    (mut keys, mut values): (Vec<f32>, Vec<f32>),
    position: u32,
) -> Attended {
    let &Shape { heads: n, kv_heads, own, head_dim, v_offset, capacity, window, kv, epsilon, .. } = shape;
    let appended = head_norm_rope::Shape {
        heads: n,
        kv_heads: if own { kv_heads } else { 0 },
        head_dim,
        stride: qkv.len() as u32,
        v_offset,
        capacity,
        kv,
        epsilon,
    };
    let token = heads(&appended, rope, qkv, norms, position);
    if own {
        let at = ((position % capacity) * kv_heads * head_dim) as usize;
        keys[at..][..token.keys.len()].copy_from_slice(&stored(kv, token.keys));
        values[at..][..token.values.len()].copy_from_slice(&stored(kv, token.values));
    }
    let products = attention::Products::Float;
    let seen = attention::Shape { heads: n, kv_heads, head_dim, capacity, window, kv, products };
    let y = attention(&seen, &token.queries, &keys, &values, position);
    Attended { y, keys, values }
}
