//! `h = (h + rms(x) * w) * scale`. Source: Hugging Face `Gemma4TextDecoderLayer`.

use crate::rms_norm::reference::normed;

/// The new h, rows of `w.len()` values.
pub fn forward(x: &[f32], w: &[f32], scale: f32, h: &[f32], epsilon: f32) -> Vec<f32> {
    let added = x.chunks_exact(w.len()).flat_map(|row| normed(row, epsilon).into_iter().zip(w));
    h.iter()
        .zip(added)
        .map(|(&h, (v, &w))| ((f64::from(h) + v * f64::from(w)) * f64::from(scale)) as f32)
        .collect()
}
