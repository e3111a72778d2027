//! `y = x W^T`.

use crate::matvec;

/// y (T, rows) for x (T, columns) and W (rows, columns).
pub fn forward(w: &[f32], x: &[f32], columns: usize) -> Vec<f32> {
    x.chunks_exact(columns).flat_map(|x| matvec::reference::forward(w, x)).collect()
}
