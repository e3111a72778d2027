// Q8_0 on floats; q8_0.wgsl says how it lies in memory.
fn bytes8(even: u32, odd: u32) -> Octet {
    let w = vec4<u32>(even, odd, even, odd);
    return Octet(vec4<f32>(vec4<i32>(w << vec4<u32>(24u, 24u, 16u, 16u)) >> vec4<u32>(24u)),
        vec4<f32>(vec4<i32>(w << vec4<u32>(8u, 8u, 0u, 0u)) >> vec4<u32>(24u)));
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let w = select(block.first, block.last, n >= 2u);
    let pair = select(w.xy, w.zw, (n & 1u) == 1u);
    return affine(bytes8(pair.x, pair.y), half_of(block.scale, i), 0.0);
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let v = block.first;
    let w = block.last;
    let sum = octet_dot(bytes8(v.x, v.y), x.a, x.b) + octet_dot(bytes8(v.z, v.w), x.c, x.d)
        + octet_dot(bytes8(w.x, w.y), x.e, x.f) + octet_dot(bytes8(w.z, w.w), x.g, x.h);
    return half_of(block.scale, i) * sum;
}
