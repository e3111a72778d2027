// F16: one vec4 holds eight weights, one plane.

fn octet(row: u32, o: u32) -> Octet {
    let w = weights[row * BLOCKS * 4u + o];
    return Octet(vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y)), vec4<f32>(unpack2x16float(w.z), unpack2x16float(w.w)));
}

fn block32(row: u32, b: u32) -> Block32 {
    let o = b * 4u;
    return Block32(octet(row, o), octet(row, o + 1u), octet(row, o + 2u), octet(row, o + 3u));
}
