// Q8_0: plane 0 holds two vec4 of 32 signed bytes n per block, plane 1 one f16 scale d per block; weight = d * n

fn bytes8(lo: u32, hi: u32, d: f32) -> Octet {
    let shift = vec4<u32>(24u, 16u, 8u, 0u);
    return Octet(d * vec4<f32>(vec4<i32>(vec4<u32>(lo) << shift) >> vec4<u32>(24u)),
        d * vec4<f32>(vec4<i32>(vec4<u32>(hi) << shift) >> vec4<u32>(24u)));
}

fn octet(row: u32, o: u32) -> Octet {
    let i = row * BLOCKS + o / 4u;
    let w = weights[i * 2u + (o % 4u) / 2u];
    let second = (o & 1u) == 1u;
    return bytes8(select(w.x, w.z, second), select(w.y, w.w, second), half_at(PLANE1, i));
}

fn block32(row: u32, b: u32) -> Block32 {
    let i = row * BLOCKS + b;
    let d = half_at(PLANE1, i);
    let v = weights[i * 2u];
    let w = weights[i * 2u + 1u];
    return Block32(bytes8(v.x, v.y, d), bytes8(v.z, v.w, d), bytes8(w.x, w.y, d), bytes8(w.z, w.w, d));
}
