// One invocation adds four columns of one token's experts: y[t] = sum over k of weights[t, k] * x[t, k].
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;               // (T, TOP_K, COLUMNS)
@group(0) @binding(1) var<storage, read> weights: array<f32>;               // (T, TOP_K)
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;         // (T, COLUMNS)

@compute @workgroup_size(WORKGROUP)
fn expert_sum(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = COLUMNS / 4u;
    if (id.x >= n) {
        return;
    }
    var sum = vec4<f32>(0.0);
    for (var k = 0u; k < TOP_K; k += 1u) {
        sum += weights[id.y * TOP_K + k] * x[(id.y * TOP_K + k) * n + id.x];
    }
    y[id.y * n + id.x] = sum;
}
