// One invocation leaves the sum of sixteen numbers that began as x, x + 1, x + 2 and x + 3 and went through v = a v + b ROUNDS
// times. Four chains run side by side, since the next round of one has to wait for the last, and four rounds lie in one pass of
// the loop, so that counting them costs next to nothing.
@group(0) @binding(0) var<storage, read> x: array<f32>;             // (N)
@group(0) @binding(1) var<storage, read> factors: array<f32>;       // (2): a, b
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // (N)

@compute @workgroup_size(WORKGROUP)
fn probe_multiply(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= N) {
        return;
    }
    let a = vec4<f32>(factors[0]);
    let b = vec4<f32>(factors[1]);
    var v0 = vec4<f32>(x[id.x]);
    var v1 = v0 + 1.0;
    var v2 = v0 + 2.0;
    var v3 = v0 + 3.0;
    for (var round = 0u; round < ROUNDS; round += 4u) {
        v0 = fma(fma(fma(fma(v0, a, b), a, b), a, b), a, b);
        v1 = fma(fma(fma(fma(v1, a, b), a, b), a, b), a, b);
        v2 = fma(fma(fma(fma(v2, a, b), a, b), a, b), a, b);
        v3 = fma(fma(fma(fma(v3, a, b), a, b), a, b), a, b);
    }
    y[id.x] = dot((v0 + v1) + (v2 + v3), vec4<f32>(1.0));
}
