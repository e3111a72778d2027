// One invocation computes four columns of one row: y = gelu(x) * b, x being the sum of its parts.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;               // (PARTS, T, X_STRIDE)
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;               // (T, B_STRIDE), columns from B_OFFSET
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;         // (T, COLUMNS)

@compute @workgroup_size(WORKGROUP)
fn gelu_mul(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    if (id.x >= COLUMNS / 4u) {
        return;
    }
    let v = sum_of_parts(id.y * (X_STRIDE / 4u) + id.x, groups.y * (X_STRIDE / 4u));
    y[id.y * (COLUMNS / 4u) + id.x] = gelu(v) * b[id.y * (B_STRIDE / 4u) + B_OFFSET / 4u + id.x];
}
