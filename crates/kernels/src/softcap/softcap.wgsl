// One invocation caps one logit in place: y = CAP * tanh(y / CAP). The clamp is as in gelu.wgsl.
// What is not finite stays as it is, so that a broken model is noticed: the clamp would make an ordinary logit of it.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;               // (N)

@compute @workgroup_size(WORKGROUP)
fn softcap(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.y * WIDTH + id.x;
    // Told by the bits, since a compiler may take for granted that no comparison meets a NaN.
    if (id.x < WIDTH && i < N && (bitcast<u32>(y[i]) & 0x7fffffffu) < 0x7f800000u) {
        y[i] = CAP * tanh(clamp(y[i] / CAP, -10.0, 10.0));
    }
}
