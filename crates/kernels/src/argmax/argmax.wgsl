// One workgroup finds the best of N candidates (shared/candidate.wgsl says which that is) and stores its index.
@group(0) @binding(0) var<storage, read> candidates: array<vec2<u32>>;      // (N): value as bits, index
@group(0) @binding(1) var<storage, read_write> y: array<u32>;               // (1)

var<workgroup> values: array<f32, WORKGROUP>;
var<workgroup> indices: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn argmax(@builtin(local_invocation_index) local: u32) {
    var best = Candidate(LOWEST, NONE);
    for (var i = local; i < N; i += WORKGROUP) {
        let c = candidates[i];
        best = better(best, Candidate(bitcast<f32>(c.x), c.y));
    }
    values[local] = best.value;
    indices[local] = best.index;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            best = better(best, Candidate(values[local + half], indices[local + half]));
            values[local] = best.value;
            indices[local] = best.index;
        }
        workgroupBarrier();
    }
    if (local == 0u) {
        y[0] = best.index;
    }
}
