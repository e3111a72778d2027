// BF16: one vec4 holds eight weights, one plane; a bf16 is the upper half of an f32.

fn octet(row: u32, o: u32) -> Octet {
    let w = weights[row * BLOCKS * 4u + o];
    let even = bitcast<vec4<f32>>(w << vec4<u32>(16u));
    let odd = bitcast<vec4<f32>>(w & vec4<u32>(0xffff0000u));
    return Octet(vec4<f32>(even.x, odd.x, even.y, odd.y), vec4<f32>(even.z, odd.z, even.w, odd.w));
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let o = b * 4u;
    return octet_dot(octet(row, o), x.a, x.b) + octet_dot(octet(row, o + 1u), x.c, x.d)
        + octet_dot(octet(row, o + 2u), x.e, x.f) + octet_dot(octet(row, o + 3u), x.g, x.h);
}
