// Q6_K on floats; q6_k.wgsl says how it lies in memory.
struct Block { numbers: vec4<u32>, high: vec2<u32>, scale: vec2<u32> }

fn block(i: u32) -> Block {
    return Block(weights[i], high_bits(i), scale_bits(i));
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let second = n >= 2u;
    let high = select(block.high.x, block.high.y, second) >> ((n & 1u) * 4u);
    let s = scales_of(block.scale, i);
    let scale = select(s.x, s.y, second);
    return affine(octet6(block.numbers[n], high), scale, -32.0 * scale);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let h = high_bits(i);
    let w = weights[i];
    let first = octet_dot(octet6(w.x, h.x), x.a, x.b) + octet_dot(octet6(w.y, h.x >> 4u), x.c, x.d);
    let last = octet_dot(octet6(w.z, h.y), x.e, x.f) + octet_dot(octet6(w.w, h.y >> 4u), x.g, x.h);
    return dot(scales(i), vec2<f32>(first, last) - 32.0 * x.sums);
}
