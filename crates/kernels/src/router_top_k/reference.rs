//! Softmax over all experts, the largest `top_k` renormalised to sum 1, times each expert's scale; ties to the lower
//! index. Source: Hugging Face `Gemma4TextRouter`.

/// Experts (T, top_k) and their weights, for logits (T, experts) with `scale.len()` experts.
pub fn forward(logits: &[f32], scale: &[f32], top_k: usize) -> (Vec<u32>, Vec<f32>) {
    let (mut experts, mut weights) = (Vec::new(), Vec::new());
    for row in logits.chunks_exact(scale.len()) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exp: Vec<f64> = row.iter().map(|&v| (f64::from(v) - f64::from(largest)).exp()).collect();
        let sum: f64 = exp.iter().sum();
        // The order of the logits, not of the probabilities: those of far lower logits are all zero.
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
        order.truncate(top_k);
        let chosen: f64 = order.iter().map(|&e| exp[e] / sum).sum();
        for e in order {
            experts.push(e as u32);
            weights.push((exp[e] / sum / chosen * f64::from(scale[e])) as f32);
        }
    }
    (experts, weights)
}
