//! The arithmetic in plain steps.

use super::{Numbers, ROUNDS, Shape};

/// For each x the sum of four times x, x + 1 and so on, as many as there are chains, after [`ROUNDS`] times v = a v + b.
pub fn multiply(x: &[f32], [a, b]: [f32; 2], shape: Shape) -> Vec<f32> {
    let round = |v: f64| match shape.numbers {
        Numbers::Float | Numbers::Half => f64::from(a) * v + f64::from(b),
        Numbers::Bytes => f64::from(dot4(v as i32, a as i32) + b as i32),
    };
    let chain = |first: f64| (0..ROUNDS).fold(first, |v, _| round(v));
    let sum =
        |x: f32| (0..shape.chains).map(|c| 4.0 * chain(f64::from(x) + f64::from(c))).sum::<f64>() as f32;
    x.iter().map(|&x| sum(x)).collect()
}

/// The sum of the products of four signed bytes.
fn dot4(v: i32, a: i32) -> i32 {
    let bytes = |word: i32| word.to_le_bytes().map(|byte| i32::from(byte as i8));
    bytes(v).iter().zip(bytes(a)).map(|(v, a)| v * a).sum()
}
