// Q6_K on floats; q6_k.wgsl says how it lies in memory.
fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let h = high_bits(i);
    let s = scales(i);
    let second = (o & 2u) == 2u;
    let high = select(h.x, h.y, second) >> ((o & 1u) * 4u);
    let scale = select(s.x, s.y, second);
    return affine(octet6(weights[i][o % 4u], high), scale, -32.0 * scale);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let h = high_bits(i);
    let w = weights[i];
    let first = octet_dot(octet6(w.x, h.x), x.a, x.b) + octet_dot(octet6(w.y, h.x >> 4u), x.c, x.d);
    let last = octet_dot(octet6(w.z, h.y), x.e, x.f) + octet_dot(octet6(w.w, h.y >> 4u), x.g, x.h);
    return dot(scales(i), vec2<f32>(first, last) - 32.0 * x.sums);
}
