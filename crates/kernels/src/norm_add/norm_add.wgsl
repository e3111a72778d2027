// One workgroup updates one row of the residual stream: h = (h + rms(x) * w) * scale, x being the sum of its parts.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;           // (PARTS, T, COLUMNS)
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;           // (COLUMNS)
@group(0) @binding(2) var<storage, read> scale: array<f32>;             // (1)
@group(0) @binding(3) var<storage, read_write> h: array<vec4<f32>>;     // (T, COLUMNS)

@compute @workgroup_size(WORKGROUP)
fn norm_add(
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
    for (var i = local; i < n; i += WORKGROUP) {
        h[row + i] = (h[row + i] + sum_of_parts(row + i, stride) * inverse * w[i]) * scale[0];
    }
}
