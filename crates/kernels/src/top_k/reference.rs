//! Everything sorted, larger logits first by `f32::total_cmp`, then lower ids; NaN and plus infinity before all others.

/// The sum of exp(logit - the largest) over all logits that are finite.
pub fn exp_sum(logits: &[f32]) -> f32 {
    let finite = || logits.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
    let largest = finite().fold(f64::MIN, f64::max);
    finite().map(|v| (v - largest).exp()).sum::<f64>() as f32
}

/// Bits and ids of the best `kept` of `logits`, then the bits of those of `asked`.
pub fn forward(logits: &[f32], kept: usize, asked: &[u32]) -> Vec<u32> {
    let broken = |id: usize| logits[id].is_nan() || logits[id] == f32::INFINITY;
    let mut ids: Vec<usize> = (0..logits.len()).collect();
    ids.sort_by(|&a, &b| {
        let values = match (broken(a), broken(b)) {
            (false, false) => logits[b].total_cmp(&logits[a]),
            (a, b) => b.cmp(&a),
        };
        values.then(a.cmp(&b))
    });
    let best = ids.iter().take(kept).flat_map(|&id| match broken(id) {
        true => [0x7fff_ffff, u32::MAX],
        false => [logits[id].to_bits(), id as u32],
    });
    best.chain(asked.iter().map(|&id| logits[id as usize].to_bits())).collect()
}
