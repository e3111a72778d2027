// The result of a whole row of keys (SPLITS = 1): the weighted mean of the values.
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;         // (T, HEADS, HEAD_DIM)

fn store(token: u32, head: u32, split: u32, local: u32, sum: vec4<f32>, top: f32, total: f32) {
    if (local < N) {
        y[(token * HEADS + head) * N + local] = sum / total;
    }
}
