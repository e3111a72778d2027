// One workgroup updates one row of the residual stream and normalises it for the next reader:
// h = (h + rms(x) * w) * scale, y = rms(h) * next, x being the sum of its parts.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;           // (PARTS, T, COLUMNS)
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;           // (COLUMNS)
@group(0) @binding(2) var<storage, read> scale: array<f32>;             // (1)
@group(0) @binding(3) var<storage, read_write> h: array<vec4<f32>>;     // (T, COLUMNS)
@group(0) @binding(4) var<storage, read> next: array<vec4<f32>>;        // (COLUMNS)
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;     // (T, COLUMNS)

@compute @workgroup_size(WORKGROUP)
fn norm_add_norm(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = COLUMNS / 4u;
    let stride = groups.x * n;
    let row = group.x * n;
    var squares = 0.0;
    for (var i = local; i < n; i += WORKGROUP) {
        let v = sum_of_parts(row + i, stride);
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    squares = 0.0;
    for (var i = local; i < n; i += WORKGROUP) {
        let v = (h[row + i] + sum_of_parts(row + i, stride) * inverse * w[i]) * scale[0];
        h[row + i] = v;
        squares += dot(v, v);
    }
    let next_inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    // Each invocation reads back only what it wrote itself.
    for (var i = local; i < n; i += WORKGROUP) {
        y[row + i] = h[row + i] * next_inverse * next[i];
    }
}
