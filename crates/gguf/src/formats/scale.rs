//! Scales: how they lie in a block and how they are chosen.

use half::f16;

/// The 2-byte float at `at`.
pub(super) fn read(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Stores a 2-byte float at `at` and gives it back as a reader will see it, so that the values are rounded
/// against the scale that they are multiplied with later.
pub(super) fn write(block: &mut [u8], at: usize, scale: f32) -> f32 {
    let stored = f16::from_f32(scale);
    block[at..at + 2].copy_from_slice(&stored.to_le_bytes());
    stored.to_f32()
}

/// 1 / `scale`, or 0 for a scale of 0, so that a block of zeros stays one.
pub(super) fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}

/// `x` rounded to the nearest integer from `low` to `high`; NaN gives 0.
pub(super) fn nearest(x: f32, low: i32, high: i32) -> i32 {
    (x.round_ties_even() as i32).clamp(low, high)
}

/// The value that is farthest from zero, with its sign.
pub(super) fn extreme(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |best: f32, &x| if x.abs() > best.abs() { x } else { best })
}

/// The least and the greatest value.
pub(super) fn range(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
}
