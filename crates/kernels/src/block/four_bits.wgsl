// Formats of 4-bit numbers n: plane 0 holds a vec4 of 32 of them per block, and weight = scale * n + offset with what
// `scale_and_offset(i)` of the format's file gives for block i.

struct Block { numbers: vec4<u32>, scale: ScaleBits }

fn block(i: u32) -> Block {
    return Block(weights[i], scale_bits(i));
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let s = scale_of(block.scale, i);
    return affine(octet4(block.numbers[n]), s.x, s.y);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let w = weights[i];
    let sum = octet_dot(octet4(w.x), x.a, x.b) + octet_dot(octet4(w.y), x.c, x.d)
        + octet_dot(octet4(w.z), x.e, x.f) + octet_dot(octet4(w.w), x.g, x.h);
    return s.x * sum + s.y * (x.sums.x + x.sums.y);
}
