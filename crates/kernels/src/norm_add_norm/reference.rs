//! `h = (h + rms(x) * w) * scale`, then `y = rms(h) * next`. Source: Hugging Face `Gemma4TextDecoderLayer`.

use crate::{norm_add, rms_norm};

/// The new h and y.
pub fn forward(
    x: &[f32],
    w: &[f32],
    scale: f32,
    h: &[f32],
    next: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>) {
    let h = norm_add::reference::forward(x, w, scale, h, epsilon);
    let y = rms_norm::reference::forward(&h, next, epsilon);
    (h, y)
}
