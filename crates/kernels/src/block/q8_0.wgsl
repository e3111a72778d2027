// Q8_0: plane 0 holds two vec4 of 32 signed bytes n per block, plane 1 one f16 scale d per block; weight = d * n

fn bytes8(lo: u32, hi: u32) -> Octet {
    let shift = vec4<u32>(24u, 16u, 8u, 0u);
    return Octet(vec4<f32>(vec4<i32>(vec4<u32>(lo) << shift) >> vec4<u32>(24u)),
        vec4<f32>(vec4<i32>(vec4<u32>(hi) << shift) >> vec4<u32>(24u)));
}

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let w = weights[i * 2u + (o % 4u) / 2u];
    let second = (o & 1u) == 1u;
    return affine(bytes8(select(w.x, w.z, second), select(w.y, w.w, second)), half_at(PLANE1, i), 0.0);
}

fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let v = weights[i * 2u];
    let w = weights[i * 2u + 1u];
    let sum = octet_dot(bytes8(v.x, v.y), x.a, x.b) + octet_dot(bytes8(v.z, v.w), x.c, x.d)
        + octet_dot(bytes8(w.x, w.y), x.e, x.f) + octet_dot(bytes8(w.z, w.w), x.g, x.h);
    return half_at(PLANE1, i) * sum;
}
