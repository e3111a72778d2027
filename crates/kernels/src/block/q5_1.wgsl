// Q5_1: plane 0 holds the low 4 bits of 32 numbers n per block, plane 2 their fifth bits as one word per block,
// plane 1 an f16 pair (d, m): weight = d * n + m.

alias ScaleBits = u32;

fn scale_bits(i: u32) -> ScaleBits {
    return weights[PLANE1 + i / 4u][i % 4u];
}

fn scale_of(bits: ScaleBits, i: u32) -> vec2<f32> {
    return unpack2x16float(bits);
}
