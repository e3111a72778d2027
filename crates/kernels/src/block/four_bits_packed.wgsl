// The numbers of four_bits.wgsl on packed integers.
fn product(block: Block, i: u32, x: Columns) -> f32 {
    let s = scale_of(block.scale, i);
    let w = block.numbers;
    let sums = x.scales * vec2<f32>(dot16(nibbles(w.xy), x.hi0, x.lo0), dot16(nibbles(w.zw), x.hi1, x.lo1));
    return s.x * (sums.x + sums.y) + s.y * (x.sums.x + x.sums.y);
}
