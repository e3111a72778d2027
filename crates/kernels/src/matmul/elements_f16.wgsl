// Tiles of f16: x as half_rows rounds it, the weights rounded here. They are 64 times as large there: up to 1023 they stay within
// f16, and down to 1e-6 they are normal numbers, since WGSL lets a device take smaller ones for zero.
alias Element = f16;

const WEIGHT_FACTOR = 64.0;

fn input4(row: u32, i: u32) -> vec4<f16> {
    return x[row * (8u * BLOCKS) + i];
}

fn stored(weights: Octet) -> Octet {
    return Octet(weights.lo * WEIGHT_FACTOR, weights.hi * WEIGHT_FACTOR);
}

fn row_scale(token: u32) -> f32 {
    return scale_of_x(token) / WEIGHT_FACTOR;
}
