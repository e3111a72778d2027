// Formats of 5-bit numbers n: plane 0 holds the low 4 bits of 32 of them per block, plane 2 their fifth bits as one word per
// block (number 8 k + 2 j + i at bit 8 j + 2 k + i), and weight = scale * n + offset with what `scale_and_offset(i)` of the format's file gives for block i.

struct Block { numbers: vec4<u32>, fifth: u32, scale: ScaleBits }

fn block(i: u32) -> Block {
    return Block(weights[i], fifth_bits(i), scale_bits(i));
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    let s = scale_of(block.scale, i);
    return affine(octet5(block.numbers[n], block.fifth >> (2u * n)), s.x, s.y);
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
