// y[s, OUT_OFFSET ..] = W[e] x for every slot s = (token, choice) with its expert e = experts[s]; W holds the rows of experts
// FIRST_EXPERT .. FIRST_EXPERT + EXPERTS of this part one after the other. Work is divided as in matvec, slots along y.
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;           // (slots / SLOTS_PER_INPUT, COLUMNS)
@group(0) @binding(2) var<storage, read> experts: array<u32>;           // (slots)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;           // (slots, OUT_STRIDE)

@compute @workgroup_size(WORKGROUP)
fn expert_matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let slot = group.y;
    let expert = experts[slot] - FIRST_EXPERT;     // wraps for experts before this part
    let here = expert < EXPERTS;
    let first = (group.x * (WORKGROUP / LANES) + local / LANES) * 2u;
    let row = select(0u, expert, here) * ROWS + min(vec2<u32>(first, first + 1u), vec2<u32>(ROWS - 1u));
    // The barriers below must be reached by all, so a slot of another part does no blocks instead of returning.
    let end = select(0u, BLOCKS, here);
    var sum = vec2<f32>(0.0);
    for (var b = local % LANES; b < end; b += LANES) {
        let v = input32(slot / SLOTS_PER_INPUT, b);
        let i = row * BLOCKS + b;
        sum += vec2<f32>(product(block(i.x), i.x, v), product(block(i.y), i.y, v));
    }
    sum = lanes_sum(vec4<f32>(sum, 0.0, 0.0), local).xy;
    if (local % LANES == 0u && here) {
        let out = slot * OUT_STRIDE + OUT_OFFSET + first;
        if (first < ROWS) {
            y[out] = sum.x;
        }
        if (first + 1u < ROWS) {
            y[out + 1u] = sum.y;
        }
    }
}
