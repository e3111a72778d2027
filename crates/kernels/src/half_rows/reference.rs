//! `y[t] = x[t] * 2^-e`, `scales[t] = 2^e`.

use half::f16;

/// Rows of y, `padded` wide, and the scales.
pub fn forward(x: &[f32], columns: usize, padded: usize) -> (Vec<f32>, Vec<f32>) {
    let mut y = Vec::new();
    let mut scales = Vec::new();
    for row in x.chunks_exact(columns) {
        let top = row.iter().fold(0.0f32, |top, v| top.max(v.abs()));
        // The largest is 2^exponent to 2^(exponent + 1); between 512 and 1024 it is 2^9 to 2^10.
        let exponent = if top > 0.0 { (top.log2().floor() as i32).clamp(-107, 127) } else { -107 };
        let scale = f64::from(exponent - 9).exp2();
        y.extend(row.iter().map(|&v| f16::from_f64(f64::from(v) / scale).to_f32()));
        y.resize(scales.len() * padded + padded, 0.0);
        scales.push(scale as f32);
    }
    (y, scales)
}
