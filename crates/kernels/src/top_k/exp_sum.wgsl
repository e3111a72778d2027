// A sum of exponentials that cannot overflow: x is the largest of some numbers, y the sum of exp(number - x).
const NOTHING = vec2<f32>(-3.4e38, 0.0);

// Below it exp() is no f32 any more; a difference of such numbers may be infinite, which a compiler need not expect.
const FAINT = -104.0;

fn joined(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let top = max(a.x, b.x);
    return vec2<f32>(top, a.y * exp(max(a.x - top, FAINT)) + b.y * exp(max(b.x - top, FAINT)));
}

var<workgroup> exp_sums: array<vec2<f32>, WORKGROUP>;

// The sums of all WORKGROUP invocations as one; only the first invocation gets it.
fn joined_by_all(own: vec2<f32>, local: u32) -> vec2<f32> {
    exp_sums[local] = own;
    for (var reach = WORKGROUP / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (local < reach) {
            exp_sums[local] = joined(exp_sums[local], exp_sums[local + reach]);
        }
    }
    return exp_sums[local];
}
