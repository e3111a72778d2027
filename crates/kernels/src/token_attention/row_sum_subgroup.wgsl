// Sums over a row's TAKERS invocations, a power of two of neighbours that are in a subgroup.

fn row_sum(value: f32, r: u32, local: u32) -> f32 {
    var sum = value;
    for (var half = TAKERS / 2u; half > 0u; half /= 2u) {
        sum += subgroupShuffleXor(sum, half);
    }
    return sum;
}
