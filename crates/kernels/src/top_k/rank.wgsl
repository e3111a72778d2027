// Larger keys are better, of equal ones that with the lower index. A number's key orders all f32 values by their bits, as
// Rust's `f32::total_cmp` does; a NaN or plus infinity has the largest key, since whoever asks must hear of it.
const BROKEN = 0xffffffffu;

fn key_of(bits: u32) -> u32 {
    if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u) {
        return BROKEN;
    }
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

var<workgroup> counts: array<atomic<u32>, WORKGROUP>;
var<workgroup> sums: array<u32, WORKGROUP>;
var<workgroup> found: vec3<u32>;

// The digit of the `wanted`-th largest of the numbers that `counts` counts by digit, how many with that digit are wanted,
// and how many have it. The counts are zero afterwards.
fn digit_of(wanted: u32, local: u32) -> vec3<u32> {
    workgroupBarrier();
    let count = atomicExchange(&counts[local], 0u);
    var sum = count;
    sums[local] = sum;
    for (var reach = 1u; reach < WORKGROUP; reach *= 2u) {
        workgroupBarrier();
        if (local + reach < WORKGROUP) {
            sum += sums[local + reach];
        }
        workgroupBarrier();
        sums[local] = sum;
    }
    if (sum >= wanted && sum - count < wanted) {
        found = vec3<u32>(local, wanted - (sum - count), count);
    }
    return workgroupUniformLoad(&found);
}
