//! `y = (rms(context_scale * c) * w + y) / sqrt(2)`. Source: Hugging Face
//! `Gemma4TextModel.project_per_layer_inputs`.

/// The new y, (T, layers, columns) with `w.len()` columns.
pub fn forward(context: &[f32], w: &[f32], y: &[f32], context_scale: f32, epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(y.len());
    for (c, y) in context.chunks_exact(w.len()).zip(y.chunks_exact(w.len())) {
        let scaled: Vec<f64> = c.iter().map(|&c| f64::from(c) * f64::from(context_scale)).collect();
        let squares: f64 = scaled.iter().map(|v| v * v).sum();
        let root = (squares / w.len() as f64 + f64::from(epsilon)).sqrt();
        for ((v, &w), &y) in scaled.iter().zip(w).zip(y) {
            out.push(((v / root * f64::from(w) + f64::from(y)) / 2f64.sqrt()) as f32);
        }
    }
    out
}
