// One workgroup normalises one row: y = x / sqrt(mean(x^2) + EPSILON) * w.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;           // (T, COLUMNS)
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;           // (COLUMNS)
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;     // (T, COLUMNS), or (1, COLUMNS) with ROW_OF_STEP
@group(0) @binding(3) var<uniform> step: Step;

@compute @workgroup_size(WORKGROUP)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let n = COLUMNS / 4u;
    let start = select(group.x, step.row, ROW_OF_STEP == 1u) * n;
    var squares = 0.0;
    for (var i = local; i < n; i += WORKGROUP) {
        let v = x[start + i];
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    for (var i = local; i < n; i += WORKGROUP) {
        y[group.x * n + i] = x[start + i] * inverse * w[i];
    }
}
