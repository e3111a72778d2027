// One workgroup computes one query head of one token over the keys it may see: blocks of WORKGROUP keys, one key's score
// per invocation, then softmax weights in workgroup memory, then the values, four columns per invocation. Softmax runs
// online (maximum and sum carried from block to block). Gemma 4 scales no scores.
@group(0) @binding(0) var<storage, read> q: array<vec4<f32>>;               // (T, HEADS, HEAD_DIM)
@group(0) @binding(1) var<storage, read> k_cache: array<Kv>;                // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(2) var<storage, read> v_cache: array<Kv>;                // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;         // (T, HEADS, HEAD_DIM)

const N: u32 = HEAD_DIM / 4u;
// Lower than any score; exp(LOWEST - score) is 0 and LOWEST - LOWEST is 0, which infinities do not give.
const LOWEST: f32 = -3.0e38;

var<workgroup> query: array<vec4<f32>, N>;
var<workgroup> weight: array<f32, WORKGROUP>;
var<workgroup> maxima: array<f32, WORKGROUP>;

fn workgroup_max(value: f32, local: u32) -> f32 {
    maxima[local] = value;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            maxima[local] = max(maxima[local], maxima[local + half]);
        }
        workgroupBarrier();
    }
    let result = maxima[0];
    workgroupBarrier();
    return result;
}

@compute @workgroup_size(WORKGROUP)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let token = group.y;
    let kv_head = head / (HEADS / KV_HEADS);
    for (var i = local; i < N; i += WORKGROUP) {
        query[i] = q[(token * HEADS + head) * N + i];
    }
    // Keys first .. last (exclusive): causal, and on sliding layers not before last - WINDOW (0: no window).
    let last = step.position + token + 1u;
    var first = 0u;
    if (WINDOW != 0u && last > WINDOW) {
        first = last - WINDOW;
    }
    var top = LOWEST;
    var total = 0.0;
    var sum = vec4<f32>(0.0);      // column local of the head, in vec4
    workgroupBarrier();
    for (var block = first; block < last; block += WORKGROUP) {
        let key = block + local;
        var score = LOWEST;
        if (key < last) {
            let at = ((key % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
            score = 0.0;
            for (var i = 0u; i < N; i += 1u) {
                score += dot(query[i], kv_value(k_cache[at + i], k_cache[at + kv_scale_at(i)]));
            }
        }
        let block_top = max(top, workgroup_max(score, local));
        let p = select(0.0, exp(score - block_top), key < last);
        weight[local] = p;
        let correction = exp(top - block_top);
        total = total * correction + workgroup_sum(p, local);   // its barriers also publish `weight`
        sum *= correction;
        if (local < N) {
            let count = min(WORKGROUP, last - block);
            for (var j = 0u; j < count; j += 1u) {
                let at = (((block + j) % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
                sum += weight[j] * kv_value(v_cache[at + local], v_cache[at + kv_scale_at(local)]);
            }
        }
        top = block_top;
        workgroupBarrier();         // `weight` is written again in the next round
    }
    if (local < N) {
        y[(token * HEADS + head) * N + local] = sum / total;
    }
}
