// The numbers of five_bits.wgsl on packed integers.
fn product(block: Block, i: u32, x: Columns) -> f32 {
    let s = scale_of(block.scale, i);
    let w = block.numbers;
    let h = vec4<u32>(block.fifth);
    let fifth = vec4<u32>(0x10101010u);
    let first = nibbles(w.xy) | ((h << vec4<u32>(4u, 3u, 2u, 1u)) & fifth);
    let last = nibbles(w.zw) | ((h >> vec4<u32>(0u, 1u, 2u, 3u)) & fifth);
    let sums = x.scales * vec2<f32>(dot16(first, x.hi0, x.lo0), dot16(last, x.hi1, x.lo1));
    return s.x * (sums.x + sums.y) + s.y * (x.sums.x + x.sums.y);
}
