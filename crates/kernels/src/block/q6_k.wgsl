// Q6_K: plane 0 holds the low 4 bits of 32 numbers n per block, plane 1 a word pair per block with their high 2 bits
// (number 8 k + 2 j + i of each 16 at bit 8 j + 4 k + 2 i of a word), plane 2 two i8 scales s per block (one for 16 weights), plane 3 one f16 d per 256.
// weight = d * s * (n - 32)

// What is read of a block's scales: the word with its two s, and the one with its d.
fn scale_bits(i: u32) -> vec2<u32> {
    return vec2<u32>(weights[PLANE2 + i / 8u][(i / 2u) % 4u], half_word(PLANE3, i / 8u));
}

// The scales of the first and second 16 weights of block i.
fn scales_of(bits: vec2<u32>, i: u32) -> vec2<f32> {
    let shift = (i & 1u) * 16u;
    let s = vec2<i32>(i32(bits.x << (24u - shift)) >> 24u, i32(bits.x << (16u - shift)) >> 24u);
    return half_of(bits.y, i / 8u) * vec2<f32>(s);
}

fn high_bits(i: u32) -> vec2<u32> {
    let v = weights[PLANE1 + i / 2u];
    return select(v.xy, v.zw, (i & 1u) == 1u);
}

struct Block { numbers: vec4<u32>, high: vec2<u32>, scale: vec2<u32> }

fn block(i: u32) -> Block {
    return Block(weights[i], high_bits(i), scale_bits(i));
}
