// Q6_K on packed integers; q6_k.wgsl says how it lies in memory.
fn sixteen(w: vec2<u32>, h: u32) -> vec4<u32> {
    return nibbles(w) | (vec4<u32>(h << 4u, h << 2u, h, h >> 2u) & vec4<u32>(0x30303030u));
}

fn product(block: Block, i: u32, x: Columns) -> f32 {
    let h = block.high;
    let w = block.numbers;
    let sums = vec2<f32>(dot16(sixteen(w.xy, h.x), x.hi0, x.lo0), dot16(sixteen(w.zw, h.y), x.hi1, x.lo1));
    return dot(scales_of(block.scale, i), x.scales * sums - 32.0 * x.sums);
}
