// Q5_0: plane 0 holds the low 4 bits of 32 numbers n per block, plane 2 their fifth bits as one word per block,
// plane 1 one f16 scale d: weight = d * (n - 16).

alias ScaleBits = u32;

fn scale_bits(i: u32) -> ScaleBits {
    return half_word(PLANE1, i);
}

fn scale_of(bits: ScaleBits, i: u32) -> vec2<f32> {
    let d = half_of(bits, i);
    return vec2<f32>(d, -16.0 * d);
}
