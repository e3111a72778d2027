//! `y = x / sqrt(mean(x^2) + epsilon) * w`. Source: Hugging Face `Gemma4RMSNorm`.

/// One row without weight, in f64 for the formulas that go on from it.
pub fn normed(row: &[f32], epsilon: f32) -> Vec<f64> {
    let squares: f64 = row.iter().map(|&v| f64::from(v).powi(2)).sum();
    let root = (squares / row.len() as f64 + f64::from(epsilon)).sqrt();
    row.iter().map(|&v| f64::from(v) / root).collect()
}

/// Rows of `w.len()` values.
pub fn forward(x: &[f32], w: &[f32], epsilon: f32) -> Vec<f32> {
    x.chunks_exact(w.len())
        .flat_map(|row| normed(row, epsilon).into_iter().zip(w))
        .map(|(v, &w)| (v * f64::from(w)) as f32)
        .collect()
}
