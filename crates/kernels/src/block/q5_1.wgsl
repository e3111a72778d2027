// Q5_1: plane 0 holds the low 4 bits of 32 numbers n per block, plane 2 their fifth bits as one word per block,
// plane 1 an f16 pair (d, m): weight = d * n + m.

fn scale_and_offset(i: u32) -> vec2<f32> {
    return half_pair_at(PLANE1, i);
}
