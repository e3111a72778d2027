// The first half of the rows are gates, the second half what they let through: y[r] = gelu(row r) * row (ROWS / 2 + r).
const UNIT_ROWS = 2u;
const SECOND_PAIR = ROWS / 2u;
const RESULTS = ROWS / 2u;

fn store(unit: u32, sum: vec4<f32>) {
    let gated = gelu(vec4<f32>(sum.xy, 0.0, 0.0)).xy * sum.zw;
    let i = unit * 2u;
    leave(i, gated.x);
    leave(i + 1u, gated.y);
}

fn finish(group: u32, local: u32) {}
