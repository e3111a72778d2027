// BF16: one vec4 holds eight weights, one plane; a bf16 is the upper half of an f32.

struct Block { words: array<vec4<u32>, 4> }

fn block(i: u32) -> Block {
    return Block(array<vec4<u32>, 4>(weights[4u * i], weights[4u * i + 1u], weights[4u * i + 2u], weights[4u * i + 3u]));
}

fn octet_at(w: vec4<u32>) -> Octet {
    let even = bitcast<vec4<f32>>(w << vec4<u32>(16u));
    let odd = bitcast<vec4<f32>>(w & vec4<u32>(0xffff0000u));
    return Octet(vec4<f32>(even.x, odd.x, even.y, odd.y), vec4<f32>(even.z, odd.z, even.w, odd.w));
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    return octet_at(block.words[n]);
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let w = block.words;
    return octet_dot(octet_at(w[0]), x.a, x.b) + octet_dot(octet_at(w[1]), x.c, x.d)
        + octet_dot(octet_at(w[2]), x.e, x.f) + octet_dot(octet_at(w[3]), x.g, x.h);
}
