// Joins the shares of the keys. SPLIT_LANES invocations join four columns of one head, each some of the shares, and the first of
// them joins what they have.
@group(0) @binding(0) var<storage, read> partials: array<vec4<f32>>;        // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(1) var<storage, read> sums: array<vec2<f32>>;            // (SPLITS, HEADS): maximum, sum
@group(0) @binding(2) var<uniform> step: Step;

const N: u32 = HEAD_DIM / 4u;
const COLUMNS: u32 = WORKGROUP / SPLIT_LANES;       // vec4 of a workgroup

var<workgroup> joined: array<vec4<f32>, WORKGROUP>;
var<workgroup> joined_sums: array<vec2<f32>, WORKGROUP>;    // maximum, sum

@compute @workgroup_size(WORKGROUP)
fn attention_merge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    var keys = step.position + 1u;
    if (WINDOW != 0u) {
        keys = min(keys, WINDOW);
    }
    let share = split_keys(keys);
    let splits = (keys + share - 1u) / share;
    // Invocations past the end repeat the last columns, and store nothing.
    let mine = group.x * COLUMNS + local % COLUMNS;
    let column = min(mine, HEADS * N - 1u);
    let head = column / N;
    let first = local / COLUMNS;
    // Lanes without a share have the maximum of the first, and no weight.
    var top = sums[head].x;
    for (var s = first; s < splits; s += SPLIT_LANES) {
        top = max(top, sums[s * HEADS + head].x);
    }
    var sum = vec4<f32>(0.0);
    var total = 0.0;
    for (var s = first; s < splits; s += SPLIT_LANES) {
        let w = sums[s * HEADS + head];
        let factor = exp(w.x - top);
        sum += factor * partials[s * HEADS * N + column];
        total += factor * w.y;
    }
    joined[local] = sum;
    joined_sums[local] = vec2<f32>(top, total);
    workgroupBarrier();
    if (local < COLUMNS) {
        var most = top;
        for (var i = 1u; i < SPLIT_LANES; i += 1u) {
            most = max(most, joined_sums[i * COLUMNS + local].x);
        }
        let factor = exp(top - most);
        sum *= factor;
        total *= factor;
        for (var i = 1u; i < SPLIT_LANES; i += 1u) {
            let w = joined_sums[i * COLUMNS + local];
            let factor = exp(w.x - most);
            sum += factor * joined[i * COLUMNS + local];
            total += factor * w.y;
        }
    }
    leave(mine, local, local < COLUMNS && mine < HEADS * N, sum / total);
}
