// The result of one split of the keys of one token: the weighted sum, and the maximum and sum of its weights, for
// attention_merge to join. An empty split leaves (LOWEST, 0) and zeros, which weigh nothing there.
@group(0) @binding(4) var<storage, read_write> partials: array<vec4<f32>>;   // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(5) var<storage, read_write> weights: array<vec2<f32>>;   // (SPLITS, HEADS): maximum, sum

fn store(token: u32, head: u32, split: u32, local: u32, sum: vec4<f32>, top: f32, total: f32) {
    if (local < N) {
        partials[(split * HEADS + head) * N + local] = sum;
    }
    if (local == 0u) {
        weights[split * HEADS + head] = vec2<f32>(top, total);
    }
}
