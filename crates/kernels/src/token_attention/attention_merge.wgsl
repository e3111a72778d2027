// One invocation joins the SPLITS partial results of four columns of one head.
@group(0) @binding(0) var<storage, read> partials: array<vec4<f32>>;        // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(1) var<storage, read> sums: array<vec2<f32>>;            // (SPLITS, HEADS): maximum, sum

@compute @workgroup_size(WORKGROUP)
fn attention_merge(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let n = HEAD_DIM / 4u;
    // Invocations past the end repeat the last columns, and store nothing.
    let column = min(id.x, HEADS * n - 1u);
    let head = column / n;
    var top = sums[head].x;
    for (var s = 1u; s < SPLITS; s += 1u) {
        top = max(top, sums[s * HEADS + head].x);
    }
    var sum = vec4<f32>(0.0);
    var total = 0.0;
    for (var s = 0u; s < SPLITS; s += 1u) {
        let w = sums[s * HEADS + head];
        let factor = exp(w.x - top);
        sum += factor * partials[s * HEADS * n + column];
        total += factor * w.y;
    }
    leave(id.x, local, sum / total);
}
