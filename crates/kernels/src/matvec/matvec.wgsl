// y = W x for one token. One workgroup computes 2 * WORKGROUP / LANES rows; LANES invocations share two rows and walk
// their blocks of 32 columns side by side, so that each 16-byte load is next to its neighbour's.
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;           // (COLUMNS)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;           // (.., OUT_OFFSET + ROWS, ..)

@compute @workgroup_size(WORKGROUP)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first = (group.x * (WORKGROUP / LANES) + local / LANES) * 2u;
    // Rows past the end repeat the last one; their sums are not stored.
    let row = min(vec2<u32>(first, first + 1u), vec2<u32>(ROWS - 1u));
    var sum = vec2<f32>(0.0);
    for (var b = local % LANES; b < BLOCKS; b += LANES) {
        let v = input32(0u, b);
        sum += vec2<f32>(dot32(block32(row.x, b), v), dot32(block32(row.y, b), v));
    }
    sum = lanes_sum(sum, local);
    if (local % LANES == 0u) {
        if (first < ROWS) {
            y[OUT_OFFSET + first] = sum.x;
        }
        if (first + 1u < ROWS) {
            y[OUT_OFFSET + first + 1u] = sum.y;
        }
    }
}
