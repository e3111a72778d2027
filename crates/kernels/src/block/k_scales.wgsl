// Scales of Q4_K and Q5_K: one vec4 per 256 weights in plane 1, eight 6-bit scales s and minima m inside.
//   x = f16 pair (d, dmin); y = low 4 bits of the s; z = low 4 bits of the m;
//   w = for sub-block j the bits 4j..4j+1 are the high bits of s, 4j+2..4j+3 those of m.
// weight = d * s * n - dmin * m, so (scale, offset) = (d * s, -dmin * m).

alias ScaleBits = vec4<u32>;

fn scale_bits(i: u32) -> ScaleBits {
    return weights[PLANE1 + i / 8u];
}

fn scale_of(head: ScaleBits, i: u32) -> vec2<f32> {
    let shift = (i % 8u) * 4u;
    let high = head.w >> shift;
    let s = ((head.y >> shift) & 15u) | ((high & 3u) << 4u);
    let m = ((head.z >> shift) & 15u) | ((high & 12u) << 2u);
    return unpack2x16float(head.x) * vec2<f32>(f32(s), -f32(m));
}
