//! `y = softmax(q k^T) v` over the keys a token may see. Source: Hugging Face `Gemma4TextAttention`,
//! `sliding_window_mask_function`.

use super::Shape;
use crate::matvec::reference::dot;
use std::ops::Range;

/// Positions that the token at `position` sees: itself and those before it, with a window only its last `window`.
pub fn visible(position: u32, window: u32) -> Range<u32> {
    let first = if window == 0 { 0 } else { (position + 1).saturating_sub(window) };
    first..position + 1
}

/// y (T, heads, head_dim) for queries of the same shape whose first token is at `position`, and caches (capacity,
/// kv_heads, head_dim) in which position p lies at row `p % capacity`.
pub fn forward(shape: &Shape, q: &[f32], keys: &[f32], values: &[f32], position: u32) -> Vec<f32> {
    let (heads, dim) = (shape.heads as usize, shape.head_dim as usize);
    let mut y = Vec::with_capacity(q.len());
    for (token, queries) in q.chunks_exact(heads * dim).enumerate() {
        for (head, query) in queries.chunks_exact(dim).enumerate() {
            let kv_head = head / (heads / shape.kv_heads as usize);
            let at = |p: u32| ((p % shape.capacity) as usize * shape.kv_heads as usize + kv_head) * dim;
            let seen = visible(position + token as u32, shape.window);
            let scores: Vec<f64> = seen.clone().map(|p| dot(query, &keys[at(p)..][..dim])).collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut sum = vec![0.0; dim];
            for (p, weight) in seen.zip(&weights) {
                for (sum, &v) in sum.iter_mut().zip(&values[at(p)..][..dim]) {
                    *sum += weight * f64::from(v);
                }
            }
            y.extend(sum.iter().map(|v| (v / total) as f32));
        }
    }
    y
}
