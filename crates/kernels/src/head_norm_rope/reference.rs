//! Norm, rotation and append as in Hugging Face `Gemma4TextAttention`; rotation by the angle itself, without a table:
//! pair (j, j + head_dim / 2) of a head at position p turns by `p * theta^(-2 j / head_dim) / factors[j]`
//! (Su et al., "RoFormer", 2021, in the NeoX order of pairs).

use super::Shape;
use crate::rms_norm::reference::normed;

/// What turns a pair.
#[derive(Clone, Copy, Debug)]
pub struct Rope<'a> {
    /// Base of the frequencies.
    pub theta: f64,
    /// Divisors of the angles; pairs beyond them divide by 1.
    pub factors: &'a [f32],
}

impl Rope<'_> {
    /// The head at a position.
    pub fn turned(&self, head: &[f64], position: u32) -> Vec<f64> {
        let half = head.len() / 2;
        let mut out = head.to_vec();
        for j in 0..half {
            let factor = self.factors.get(j).map_or(1.0, |&f| f64::from(f));
            let frequency = self.theta.powf(-2.0 * j as f64 / head.len() as f64) / factor;
            let (sin, cos) = (f64::from(position) * frequency).sin_cos();
            out[j] = head[j] * cos - head[half + j] * sin;
            out[half + j] = head[half + j] * cos + head[j] * sin;
        }
        out
    }
}

/// Queries (T, heads, head_dim), and what is appended: keys and values (T, kv_heads, head_dim).
pub struct Heads {
    /// Normed and rotated.
    pub queries: Vec<f32>,
    /// Normed and rotated.
    pub keys: Vec<f32>,
    /// Normed without weight.
    pub values: Vec<f32>,
}

/// The heads of qkv (T, stride), whose first token is at `position`; `norms` (2, head_dim).
pub fn forward(shape: &Shape, rope: Rope<'_>, qkv: &[f32], norms: &[f32], position: u32) -> Heads {
    let dim = shape.head_dim as usize;
    let mut heads = Heads { queries: Vec::new(), keys: Vec::new(), values: Vec::new() };
    let (query_weight, key_weight) = norms.split_at(dim);
    let keys_at = shape.heads as usize * dim;
    for (row, position) in qkv.chunks_exact(shape.stride as usize).zip(position..) {
        let normed_head =
            |from: usize, head: u32| normed(&row[from + head as usize * dim..][..dim], shape.epsilon);
        let turned = |from: usize, head: u32, weight: &[f32]| {
            let weighted: Vec<f64> =
                normed_head(from, head).iter().zip(weight).map(|(v, &w)| v * f64::from(w)).collect();
            rope.turned(&weighted, position).into_iter().map(|v| v as f32)
        };
        for head in 0..shape.heads {
            heads.queries.extend(turned(0, head, query_weight));
        }
        for head in 0..shape.kv_heads {
            heads.keys.extend(turned(keys_at, head, key_weight));
            heads.values.extend(normed_head(shape.v_offset as usize, head).into_iter().map(|v| v as f32));
        }
    }
    heads
}
