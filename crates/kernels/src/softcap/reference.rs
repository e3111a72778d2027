//! `y = cap * tanh(y / cap)`. Source: Hugging Face `Gemma4ForCausalLM`.

/// The new y.
pub fn forward(y: &[f32], cap: f32) -> Vec<f32> {
    let cap = f64::from(cap);
    y.iter().map(|&v| (cap * (f64::from(v) / cap).tanh()) as f32).collect()
}
