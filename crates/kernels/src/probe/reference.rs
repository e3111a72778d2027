//! The arithmetic in plain steps.

/// For each x the sum of four times x, x + 1, x + 2 and x + 3 after `rounds` times v = a v + b.
pub fn multiply(x: &[f32], [a, b]: [f32; 2], rounds: u32) -> Vec<f32> {
    let chain = |first: f64| (0..rounds).fold(first, |v, _| f64::from(a) * v + f64::from(b));
    let sum = |x: f32| (0..4).map(|n| 4.0 * chain(f64::from(x) + f64::from(n))).sum::<f64>() as f32;
    x.iter().map(|&x| sum(x)).collect()
}
