//! The exponential function with the same bits on every platform.

/// e^x for x <= 0, within 2 units in the last place; 0 below -708.
///
/// The standard library calls the platform's function, whose last bit differs between systems; a draw that falls on
/// such a bit would choose another token. This uses only operations that IEEE 754 defines to the bit: x = k ln 2 + r with
/// |r| <= ln 2 / 2, a Taylor series for e^r, and k added to the exponent.
pub(super) fn exponential(x: f64) -> f64 {
    // ln 2 in two parts, the first with so few bits that k times it is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    if x < -708.0 {
        return 0.0;
    }
    let k = (x / std::f64::consts::LN_2).round();
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    // The terms up to r^13 / 13!; the next is below 2^-57 for the largest r.
    let series = (1..=13).rev().fold(1.0, |sum, n| 1.0 + sum * r / f64::from(n));
    series * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_standard_library() {
        for step in 0..=70_000 {
            let x = -f64::from(step) * 0.01;
            let expected = x.exp();
            let error = (exponential(x) - expected).abs() / expected;
            assert!(error < 1e-15, "e^{x}: {error:e}");
        }
        assert_eq!((exponential(0.0), exponential(-0.0), exponential(-1e300)), (1.0, 1.0, 0.0));
        assert_eq!(exponential(f64::NEG_INFINITY), 0.0);
    }
}
