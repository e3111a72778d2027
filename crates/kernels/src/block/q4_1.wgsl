// Q4_1: plane 0 holds a vec4 of 32 4-bit numbers n per block, plane 1 an f16 pair (d, m) per block.
// weight = d * n + m

fn scale_and_offset(i: u32) -> vec2<f32> {
    return half_pair_at(PLANE1, i);
}
