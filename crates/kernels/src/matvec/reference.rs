//! `y = W x`, and what [`super::Input`] and [`super::Store`] do before and after it.

/// The product of one row and x.
pub fn dot(row: &[f32], x: &[f32]) -> f64 {
    row.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum()
}

/// y (rows) for W (rows, `x.len()`).
pub fn forward(w: &[f32], x: &[f32]) -> Vec<f32> {
    w.chunks_exact(x.len()).map(|row| dot(row, x) as f32).collect()
}

/// `gelu(gate) * up`.
pub fn gated(gates: &[f32], ups: &[f32]) -> Vec<f32> {
    crate::gelu_mul::reference::forward(gates, ups)
}

/// `cap * tanh(y / cap)`. Source: Hugging Face `Gemma4ForCausalLM`.
pub fn capped(y: &[f32], cap: f32) -> Vec<f32> {
    let cap = f64::from(cap);
    y.iter().map(|&v| (cap * (f64::from(v) / cap).tanh()) as f32).collect()
}

/// Values in the order of `shared/interleaved.wgsl`, for rows of whole blocks of 32.
pub fn interleaved(values: &[f32]) -> Vec<f32> {
    let blocks = values.len() / 32;
    let at = |i: usize| (i / 4 % blocks) * 32 + i / 4 / blocks * 4 + i % 4;
    (0..values.len()).map(|i| values[at(i)]).collect()
}
