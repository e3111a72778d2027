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

/// Rows of whole sixteens as `shared/packed_row.wgsl` lays them down, in words: planes of high bytes, of low bytes, and of
/// scale and sum.
pub fn packed(values: &[f32]) -> Vec<u32> {
    let word = |bytes: [i32; 4]| u32::from_le_bytes(bytes.map(|byte| byte as u8));
    let (mut high, mut low, mut scales) = (Vec::new(), Vec::new(), Vec::new());
    for sixteen in values.chunks_exact(16) {
        let top = sixteen.iter().fold(0.0f32, |top, v| top.max(v.abs()));
        let scale = top / 32639.0;
        for eight in sixteen.chunks_exact(8) {
            for first in [0, 1] {
                let whole = [0, 2, 4, 6].map(|at| (eight[first + at] / scale).round() as i32);
                high.push(word(whole.map(|n| (n + 128) >> 8)));
                low.push(word(whole.map(|n| n & 255)));
            }
        }
        scales.extend([scale.to_bits(), sixteen.iter().sum::<f32>().to_bits(), 0, 0]);
    }
    [high, low, scales].concat()
}

/// Values in the order of `shared/interleaved.wgsl`, for rows of whole blocks of 32.
pub fn interleaved(values: &[f32]) -> Vec<f32> {
    let blocks = values.len() / 32;
    let at = |i: usize| (i / 4 % blocks) * 32 + i / 4 / blocks * 4 + i % 4;
    (0..values.len()).map(|i| values[at(i)]).collect()
}
