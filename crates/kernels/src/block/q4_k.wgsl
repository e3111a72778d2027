// Q4_K: plane 0 holds a vec4 of 32 4-bit numbers per block; plane 1 the scales of k_scales.wgsl.

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
