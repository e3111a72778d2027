// Sum over the workgroup of WORKGROUP invocations (a power of two, at most 256); every invocation gets it. Sum is f32, or a
// vector of several sums. SUBGROUP neighbours, the least size of a subgroup on the device, exchange their values directly.
// It waits at one barrier: calls take turns between two places, and whoever writes to one of them again has passed the
// barrier of the call between, which all reach only after they have read it.
const SUM_CLUSTER = min(WORKGROUP, SUBGROUP);
const SUM_CLUSTERS = WORKGROUP / SUM_CLUSTER;

var<workgroup> sum_parts: array<Sum, 2u * SUM_CLUSTERS>;
var<private> sum_turn = 0u;

fn workgroup_sum(value: Sum, local: u32) -> Sum {
    var sum = value;
    for (var half = SUM_CLUSTER / 2u; half > 0u; half /= 2u) {
        sum += subgroupShuffleXor(sum, half);
    }
    let first = sum_turn * SUM_CLUSTERS;
    sum_turn = 1u - sum_turn;
    if (local % SUM_CLUSTER == 0u) {
        sum_parts[first + local / SUM_CLUSTER] = sum;
    }
    workgroupBarrier();
    var total = sum_parts[first];
    for (var i = 1u; i < SUM_CLUSTERS; i += 1u) {
        total += sum_parts[first + i];
    }
    return total;
}
