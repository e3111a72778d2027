// Q4_1: plane 0 holds a vec4 of 32 4-bit numbers n per block, plane 1 an f16 pair (d, m) per block.
// weight = d * n + m

alias ScaleBits = u32;

fn scale_bits(i: u32) -> ScaleBits {
    return weights[PLANE1 + i / 4u][i % 4u];
}

fn scale_of(bits: ScaleBits, i: u32) -> vec2<f32> {
    return unpack2x16float(bits);
}
