// Formats of 4-bit numbers n: plane 0 holds a vec4 of 32 of them per block, and weight = scale * n + offset with what
// `scale_and_offset(i)` of the format's file gives for block i.

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let s = scale_and_offset(i);
    return affine(octet4(weights[i][o % 4u]), s.x, s.y);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let w = weights[i];
    let sum = octet_dot(octet4(w.x), x.a, x.b) + octet_dot(octet4(w.y), x.c, x.d)
        + octet_dot(octet4(w.z), x.e, x.f) + octet_dot(octet4(w.w), x.g, x.h);
    return s.x * sum + s.y * (x.sums.x + x.sums.y);
}
