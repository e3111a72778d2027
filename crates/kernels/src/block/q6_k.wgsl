// Q6_K: plane 0 holds the low 4 bits of 32 numbers n per block, plane 1 a word pair per block with their high 2 bits
// (number 8 k + 2 j + i of each 16 at bit 8 j + 4 k + 2 i of a word), plane 2 two i8 scales s per block (one for 16 weights), plane 3 one f16 d per 256.
// weight = d * s * (n - 32)

// The scales of the first and second 16 weights of block i.
fn scales(i: u32) -> vec2<f32> {
    let word = weights[PLANE2 + i / 8u][(i / 2u) % 4u];
    let shift = (i & 1u) * 16u;
    let s = vec2<i32>(i32(word << (24u - shift)) >> 24u, i32(word << (16u - shift)) >> 24u);
    return half_at(PLANE3, i / 8u) * vec2<f32>(s);
}

fn high_bits(i: u32) -> vec2<u32> {
    let v = weights[PLANE1 + i / 2u];
    return select(v.xy, v.zw, (i & 1u) == 1u);
}

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
