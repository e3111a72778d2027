//! `y[t] = sum over k of weights[t, k] * x[t, k]`. Source: Hugging Face `Gemma4TextExperts`.

/// y (T, columns) for x (T, top_k, columns) and weights (T, top_k).
pub fn forward(x: &[f32], weights: &[f32], top_k: usize, columns: usize) -> Vec<f32> {
    let mut y = Vec::new();
    for (token, weights) in x.chunks_exact(top_k * columns).zip(weights.chunks_exact(top_k)) {
        for c in 0..columns {
            let sum: f64 =
                (0..top_k).map(|k| f64::from(weights[k]) * f64::from(token[k * columns + c])).sum();
            y.push(sum as f32);
        }
    }
    y
}
