// F16: one vec4 holds eight weights, one plane.

fn octet(row: u32, o: u32) -> Octet {
    let w = weights[row * BLOCKS * 4u + o];
    return Octet(vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y)), vec4<f32>(unpack2x16float(w.z), unpack2x16float(w.w)));
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let o = b * 4u;
    return octet_dot(octet(row, o), x.a, x.b) + octet_dot(octet(row, o + 1u), x.c, x.d)
        + octet_dot(octet(row, o + 2u), x.e, x.f) + octet_dot(octet(row, o + 3u), x.g, x.h);
}
