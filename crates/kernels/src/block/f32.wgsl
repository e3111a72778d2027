// F32: eight vec4 per 32 weights, one plane.

struct Block { values: array<vec4<f32>, 8> }

fn block(i: u32) -> Block {
    let o = i * 8u;
    return Block(array<vec4<f32>, 8>(value4(o), value4(o + 1u), value4(o + 2u), value4(o + 3u), value4(o + 4u), value4(o + 5u),
        value4(o + 6u), value4(o + 7u)));
}

fn value4(o: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(weights[o]);
}

fn octet_of(block: Block, i: u32, n: u32) -> Octet {
    return Octet(block.values[2u * n], block.values[2u * n + 1u]);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let o = (row * BLOCKS + b) * 8u;
    return dot(value4(o), x.a) + dot(value4(o + 1u), x.b) + dot(value4(o + 2u), x.c) + dot(value4(o + 3u), x.d)
        + dot(value4(o + 4u), x.e) + dot(value4(o + 5u), x.f) + dot(value4(o + 6u), x.g) + dot(value4(o + 7u), x.h);
}
