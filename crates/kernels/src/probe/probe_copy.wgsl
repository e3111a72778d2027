// One workgroup copies WORKGROUP * STEPS vec4, neighbours side by side.
@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;           // (N)
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;     // (N)

@compute @workgroup_size(WORKGROUP)
fn probe_copy(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    for (var step = 0u; step < STEPS; step += 1u) {
        let i = (group.x * STEPS + step) * WORKGROUP + local;
        if (i < N) {
            y[i] = x[i];
        }
    }
}
