// Q4_0: plane 0 holds a vec4 of 32 4-bit numbers n per block, plane 1 one f16 scale d per block.
// weight = d * (n - 8)

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let s = scale_and_offset(i);
    return affine4(weights[i][o % 4u], s.x, s.y);
}

fn block32(row: u32, b: u32) -> Block32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let w = weights[i];
    return Block32(affine4(w.x, s.x, s.y), affine4(w.y, s.x, s.y), affine4(w.z, s.x, s.y), affine4(w.w, s.x, s.y));
}

fn scale_and_offset(i: u32) -> vec2<f32> {
    let d = half_at(PLANE1, i);
    return vec2<f32>(d, -8.0 * d);
}
