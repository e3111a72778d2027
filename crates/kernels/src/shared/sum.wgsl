// Sum over the workgroup of WORKGROUP invocations (a power of two); every invocation gets it.
// Ends with a barrier, so it can be called again at once.

var<workgroup> sum_scratch: array<f32, WORKGROUP>;

fn workgroup_sum(value: f32, local: u32) -> f32 {
    sum_scratch[local] = value;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            sum_scratch[local] += sum_scratch[local + half];
        }
        workgroupBarrier();
    }
    let total = sum_scratch[0];
    workgroupBarrier();
    return total;
}
