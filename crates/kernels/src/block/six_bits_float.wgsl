// Q6_K on floats; q6_k.wgsl says how it lies in memory.
fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let second = n >= 2u;
    let high = select(block.high.x, block.high.y, second) >> ((n & 1u) * 4u);
    let s = scales_of(block.scale, i);
    let scale = select(s.x, s.y, second);
    return affine(octet6(block.numbers[n], high), scale, -32.0 * scale);
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let h = block.high;
    let w = block.numbers;
    let first = octet_dot(octet6(w.x, h.x), x.a, x.b) + octet_dot(octet6(w.y, h.x >> 4u), x.c, x.d);
    let last = octet_dot(octet6(w.z, h.y), x.e, x.f) + octet_dot(octet6(w.w, h.y >> 4u), x.g, x.h);
    return dot(scales_of(block.scale, i), vec2<f32>(first, last) - 32.0 * x.sums);
}
