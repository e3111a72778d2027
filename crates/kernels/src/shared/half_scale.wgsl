// Powers of two that keep values within f16: times 2^-e and back, with e so that the largest magnitude lies between 512 and
// 1024. Both are exact, and what is far below the largest is rounded by less than its share of a sum.

// Magnitudes as bits, in which positive floats keep their order and what is not finite is the largest.
fn magnitude(v: vec4<f32>) -> u32 {
    let bits = bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu);
    return max(max(bits.x, bits.y), max(bits.z, bits.w));
}

// The exponent of the largest magnitude, kept where both factors are normal; zeros stay zeros by any factor.
fn exponent_of(top: u32) -> u32 {
    return clamp(top >> 23u, 20u, 254u);
}

fn factor_down(top: u32) -> f32 {
    return bitcast<f32>((263u - exponent_of(top)) << 23u);
}

// A value that is no number must not vanish: it makes the scale one.
fn scale_up(top: u32) -> f32 {
    return select(bitcast<f32>((exponent_of(top) - 9u) << 23u), bitcast<f32>(top), top >= 0x7f800000u);
}
