// Sum of a pair over LANES neighbouring invocations (a power of two that divides WORKGROUP); the first of them gets it.
var<workgroup> lane_scratch: array<vec2<f32>, WORKGROUP>;

fn lanes_sum(value: vec2<f32>, local: u32) -> vec2<f32> {
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
