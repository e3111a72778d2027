// The numbers of four_bits.wgsl on floats.
fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let s = scale_of(block.scale, i);
    return affine(octet4(block.numbers[n]), s.x, s.y);
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let s = scale_of(block.scale, i);
    let w = block.numbers;
    let sum = octet_dot(octet4(w.x), x.a, x.b) + octet_dot(octet4(w.y), x.c, x.d)
        + octet_dot(octet4(w.z), x.e, x.f) + octet_dot(octet4(w.w), x.g, x.h);
    return s.x * sum + s.y * (x.sums.x + x.sums.y);
}
