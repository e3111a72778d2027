// F32: eight vec4 per 32 weights, one plane.

fn octet(row: u32, o: u32) -> Octet {
    let i = (row * BLOCKS * 4u + o) * 2u;
    return Octet(bitcast<vec4<f32>>(weights[i]), bitcast<vec4<f32>>(weights[i + 1u]));
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let o = b * 4u;
    return octet_dot(octet(row, o), x.a, x.b) + octet_dot(octet(row, o + 1u), x.c, x.d)
        + octet_dot(octet(row, o + 2u), x.e, x.f) + octet_dot(octet(row, o + 3u), x.g, x.h);
}
