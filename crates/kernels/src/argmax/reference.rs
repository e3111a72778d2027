//! The index of the largest value, of equal ones the lowest; `u32::MAX` if a value is NaN or plus infinity, or if all
//! are minus infinity.

/// Index of the largest of `x`.
pub fn forward(x: &[f32]) -> u32 {
    if x.iter().any(|v| v.is_nan() || *v == f32::INFINITY) || x.iter().all(|v| *v == f32::NEG_INFINITY) {
        return u32::MAX;
    }
    let mut best = 0;
    for (i, &v) in x.iter().enumerate() {
        if v > x[best] {
            best = i;
        }
    }
    best as u32
}
