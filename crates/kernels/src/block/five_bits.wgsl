// Formats of 5-bit numbers n: plane 0 holds the low 4 bits of 32 of them per block, plane 2 their fifth bits as one word per
// block (number 8 k + 2 j + i at bit 8 j + 2 k + i), and weight = scale * n + offset with what `scale_and_offset(i)` of the format's file gives for block i.

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let s = scale_and_offset(i);
    return affine(octet5(weights[i][o % 4u], fifth_bits(i) >> (2u * (o % 4u))), s.x, s.y);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let h = fifth_bits(i);
    let w = weights[i];
    let sum = octet_dot(octet5(w.x, h), x.a, x.b) + octet_dot(octet5(w.y, h >> 2u), x.c, x.d)
        + octet_dot(octet5(w.z, h >> 4u), x.e, x.f) + octet_dot(octet5(w.w, h >> 6u), x.g, x.h);
    return s.x * sum + s.y * (x.sums.x + x.sums.y);
}

fn fifth_bits(i: u32) -> u32 {
    return weights[PLANE2 + i / 4u][i % 4u];
}
