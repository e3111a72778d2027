// F32: eight vec4 per 32 weights, one plane.

fn octet(row: u32, o: u32) -> Octet {
    let i = (row * BLOCKS * 4u + o) * 2u;
    return Octet(bitcast<vec4<f32>>(weights[i]), bitcast<vec4<f32>>(weights[i + 1u]));
}

fn block32(row: u32, b: u32) -> Block32 {
    let o = b * 4u;
    return Block32(octet(row, o), octet(row, o + 1u), octet(row, o + 2u), octet(row, o + 3u));
}
