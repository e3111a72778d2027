// Sums over LANES neighbouring invocations (a power of two that divides WORKGROUP); the first of them gets them.
// `lane_scratch` may be written again at once: each group of lanes reads only what it wrote.
var<workgroup> lane_scratch: array<vec4<f32>, WORKGROUP>;

fn lanes_sum(value: vec4<f32>, local: u32) -> vec4<f32> {
    lane_scratch[local] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local % LANES < half) {
            lane_scratch[local] += lane_scratch[local + half];
        }
        workgroupBarrier();
    }
    return lane_scratch[local];
}
