// The numbers of five_bits.wgsl on floats.
fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let s = scale_of(block.scale, i);
    return affine(octet5(block.numbers[n], block.fifth >> (2u * n)), s.x, s.y);
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let s = scale_of(block.scale, i);
    let h = block.fifth;
    let w = block.numbers;
    let sum = octet_dot(octet5(w.x, h), x.a, x.b) + octet_dot(octet5(w.y, h >> 2u), x.c, x.d)
        + octet_dot(octet5(w.z, h >> 4u), x.e, x.f) + octet_dot(octet5(w.w, h >> 6u), x.g, x.h);
    return s.x * sum + s.y * (x.sums.x + x.sums.y);
}
