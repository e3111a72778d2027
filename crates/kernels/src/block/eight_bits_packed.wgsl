// Q8_0 on packed integers; q8_0.wgsl says how it lies in memory.
fn product(row: u32, b: u32, x: Columns) -> f32 {
    let i = row * BLOCKS + b;
    let sums = x.scales * vec2<f32>(dot16(weights[i * 2u], x.hi0, x.lo0), dot16(weights[i * 2u + 1u], x.hi1, x.lo1));
    return half_at(PLANE1, i) * (sums.x + sums.y);
}
