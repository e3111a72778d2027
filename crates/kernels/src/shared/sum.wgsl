// Sum over the workgroup of WORKGROUP invocations (a power of two, at most 256); every invocation gets it. Sum is f32, or a
// vector of several sums. Two rounds of
// up to sixteen additions wait at fewer barriers than a tree. It can be called again at once: whoever writes `sum_scratch`
// in the next call has passed a barrier that all reach only after they have read it.

const SUM_PARTS = min(16u, WORKGROUP);

var<workgroup> sum_scratch: array<Sum, WORKGROUP>;
var<workgroup> sum_parts: array<Sum, SUM_PARTS>;

fn workgroup_sum(value: Sum, local: u32) -> Sum {
    sum_scratch[local] = value;
    workgroupBarrier();
    if (local < SUM_PARTS) {
        var part = sum_scratch[local];
        for (var i = local + SUM_PARTS; i < WORKGROUP; i += SUM_PARTS) {
            part += sum_scratch[i];
        }
        sum_parts[local] = part;
    }
    workgroupBarrier();
    var total = sum_parts[0];
    for (var i = 1u; i < SUM_PARTS; i += 1u) {
        total += sum_parts[i];
    }
    return total;
}
