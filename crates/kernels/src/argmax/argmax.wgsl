// One workgroup finds the index of the largest of N values; of equal ones the lowest index. The index is NONE if a value
// is NaN or plus infinity, or if all are minus infinity.
@group(0) @binding(0) var<storage, read> x: array<f32>;                     // (N)
@group(0) @binding(1) var<storage, read_write> y: array<u32>;               // (1)

var<workgroup> values: array<f32, WORKGROUP>;
var<workgroup> indices: array<u32, WORKGROUP>;

const NONE = 0xffffffffu;
const LARGEST = 3.4028234e38;

@compute @workgroup_size(WORKGROUP)
fn argmax(@builtin(local_invocation_index) local: u32) {
    var value = -3.0e38;
    var index = NONE;
    for (var i = local; i < N; i += WORKGROUP) {
        // Told by the bits, since a compiler may take for granted that no comparison meets a NaN.
        let bits = bitcast<u32>(x[i]);
        let broken = (bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u;
        let candidate = select(x[i], LARGEST, broken);
        if (candidate > value) {
            value = candidate;
            index = select(i, NONE, broken);
        }
    }
    values[local] = value;
    indices[local] = index;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            let other = values[local + half];
            let other_index = indices[local + half];
            if (other > values[local] || (other == values[local] && other_index < indices[local])) {
                values[local] = other;
                indices[local] = other_index;
            }
        }
        workgroupBarrier();
    }
    if (local == 0u) {
        y[0] = indices[0];
    }
}
