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

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let v = block.values;
    return dot(v[0], x.a) + dot(v[1], x.b) + dot(v[2], x.c) + dot(v[3], x.d)
        + dot(v[4], x.e) + dot(v[5], x.f) + dot(v[6], x.g) + dot(v[7], x.h);
}
