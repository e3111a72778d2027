// Sums over LANES neighbouring invocations (a power of two that divides WORKGROUP); the first of them gets them. SUBGROUP is
// the least size of a subgroup on the device: so many neighbours exchange their values directly, whatever size a subgroup
// has, and only wider sums go through workgroup memory.
const CLUSTER = min(LANES, SUBGROUP);
const CLUSTERS = LANES / CLUSTER;

var<workgroup> lane_parts: array<vec4<f32>, WORKGROUP / CLUSTER>;

fn lanes_sum(value: vec4<f32>, local: u32) -> vec4<f32> {
    var sum = value;
    for (var half = CLUSTER / 2u; half > 0u; half /= 2u) {
        sum += subgroupShuffleXor(sum, half);
    }
    if (CLUSTERS > 1u) {
        workgroupBarrier();     // what was there has been read
        if (local % CLUSTER == 0u) {
            lane_parts[local / CLUSTER] = sum;
        }
        workgroupBarrier();
        let first = local / LANES * CLUSTERS;
        sum = lane_parts[first];
        for (var i = 1u; i < CLUSTERS; i += 1u) {
            sum += lane_parts[first + i];
        }
    }
    return sum;
}
