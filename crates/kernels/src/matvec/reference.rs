//! `y = W x`.

/// The product of one row and x.
pub fn dot(row: &[f32], x: &[f32]) -> f64 {
    row.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum()
}

/// y (rows) for W (rows, `x.len()`).
pub fn forward(w: &[f32], x: &[f32]) -> Vec<f32> {
    w.chunks_exact(x.len()).map(|row| dot(row, x) as f32).collect()
}
