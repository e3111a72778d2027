//! Sums that a product left in parts.

/// The sum of parts of `n` values each, added one after the other as a kernel does.
pub(crate) fn sum_of_parts(parts: &[f32], n: usize) -> Vec<f32> {
    let (first, rest) = parts.split_at(n);
    rest.chunks_exact(n).fold(first.to_vec(), |mut sum, part| {
        sum.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
        sum
    })
}
