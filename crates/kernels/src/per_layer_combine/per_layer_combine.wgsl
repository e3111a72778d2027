// One workgroup makes the per-layer input of one (layer, token): y = (rms(CONTEXT_SCALE * c) * w + t) / sqrt(2), with c
// the projected context and t the scaled row of the per-layer table.
@group(0) @binding(0) var<storage, read> context: array<vec4<f32>>;         // (T, LAYERS, COLUMNS)
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;               // (COLUMNS)
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;         // (T, LAYERS, COLUMNS): t in, y out

@compute @workgroup_size(WORKGROUP)
fn per_layer_combine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let n = COLUMNS / 4u;
    let row = (group.y * LAYERS + group.x) * n;
    var squares = 0.0;
    for (var i = local; i < n; i += WORKGROUP) {
        let v = context[row + i] * CONTEXT_SCALE;
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON) * CONTEXT_SCALE;
    for (var i = local; i < n; i += WORKGROUP) {
        y[row + i] = (context[row + i] * inverse * w[i] + y[row + i]) * 0.7071067811865476;
    }
}
