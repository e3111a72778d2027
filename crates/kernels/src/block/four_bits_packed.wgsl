// The product of four_bits.wgsl on packed integers.
fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let s = scale_and_offset(i);
    let w = weights[i];
    let sums = x.scales * vec2<f32>(dot16(nibbles(w.xy), x.hi0, x.lo0), dot16(nibbles(w.zw), x.hi1, x.lo1));
    return s.x * (sums.x + sums.y) + s.y * (x.sums.x + x.sums.y);
}
