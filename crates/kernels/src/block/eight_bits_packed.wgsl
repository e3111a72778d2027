// Q8_0 on packed integers; q8_0.wgsl says how it lies in memory.
fn product(block: Block, i: u32, x: Columns) -> f32 {
    let sums = x.scales * vec2<f32>(dot16(block.first, x.hi0, x.lo0), dot16(block.last, x.hi1, x.lo1));
    return half_of(block.scale, i) * (sums.x + sums.y);
}
