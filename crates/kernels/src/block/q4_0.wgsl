// Q4_0: plane 0 holds a vec4 of 32 4-bit numbers n per block, plane 1 one f16 scale d per block.
// weight = d * (n - 8)

alias ScaleBits = u32;

fn scale_bits(i: u32) -> ScaleBits {
    return half_word(PLANE1, i);
}

fn scale_of(bits: ScaleBits, i: u32) -> vec2<f32> {
    let d = half_of(bits, i);
    return vec2<f32>(d, -8.0 * d);
}
