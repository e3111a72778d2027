//! `y = x W^T`, and what [`super::Store`] makes of it.

use crate::gelu_mul::reference::gelu;
use crate::matvec::reference::dot;

/// y (T, rows) for x (T, columns) and W (rows, columns).
pub fn forward(w: &[f32], x: &[f32], columns: usize) -> Vec<f32> {
    let row_of = |x: &[f32]| w.chunks_exact(columns).map(|row| dot(row, x) as f32).collect::<Vec<_>>();
    x.chunks_exact(columns).flat_map(row_of).collect()
}

/// y (parts, T, rows): part p is the product with the p-th share of whole blocks of 32 columns.
pub fn parts(w: &[f32], x: &[f32], columns: usize, parts: usize) -> Vec<f32> {
    let share = columns.div_ceil(32).div_ceil(parts) * 32;
    let part = |p: usize| {
        let range = (p * share).min(columns)..(p * share + share).min(columns);
        let products = x.chunks_exact(columns).flat_map(|x| w.chunks_exact(columns).map(move |row| (row, x)));
        products.map(|(row, x)| dot(&row[range.clone()], &x[range.clone()]) as f32).collect::<Vec<_>>()
    };
    (0..parts).flat_map(part).collect()
}

/// y (T, rows / 2) = gelu(gate) * up for gates and then as many ups.
pub fn gated(w: &[f32], x: &[f32], columns: usize) -> Vec<f32> {
    let (gates, ups) = w.split_at(w.len() / 2);
    let pairs = || gates.chunks_exact(columns).zip(ups.chunks_exact(columns));
    let row_of =
        |x: &[f32]| pairs().map(|(gate, up)| (gelu(dot(gate, x)) * dot(up, x)) as f32).collect::<Vec<_>>();
    x.chunks_exact(columns).flat_map(row_of).collect()
}
