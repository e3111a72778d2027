// Q5_1: plane 0 holds the low 4 bits of 32 numbers n per block, plane 2 their fifth bits as one word per block,
// plane 1 an f16 pair (d, m): weight = d * n + m.

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let s = scale_and_offset(i);
    return affine5(weights[i][o % 4u], fifth_bits(i) >> (8u * (o % 4u)), s.x, s.y);
}

fn block32(row: u32, b: u32) -> Block32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let h = fifth_bits(i);
    let w = weights[i];
    return Block32(affine5(w.x, h, s.x, s.y), affine5(w.y, h >> 8u, s.x, s.y),
        affine5(w.z, h >> 16u, s.x, s.y), affine5(w.w, h >> 24u, s.x, s.y));
}

fn fifth_bits(i: u32) -> u32 {
    return weights[PLANE2 + i / 4u][i % 4u];
}

fn scale_and_offset(i: u32) -> vec2<f32> {
    return half_pair_at(PLANE1, i);
}
