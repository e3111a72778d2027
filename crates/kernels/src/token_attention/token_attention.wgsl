// Attention of a single token, from its raw projections. One workgroup computes one query head over one split of the keys
// it may see: norm and rotation of the query, and in the split with the newest key the same for that key and its value,
// which it takes from its own memory and, once per kv head, appends to the cache. Then blocks of BLOCK keys: KEY_LANES
// invocations share a key's score; softmax runs online (maximum and sum carried from block to block); for the values,
// invocations take four columns each and share the keys. Gemma 4 scales no scores.
@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;             // queries, keys, values
@group(0) @binding(1) var<storage, read> norms: array<vec4<f32>>;           // (2, HEAD_DIM): query and key weights
@group(0) @binding(2) var<storage, read> rope: array<vec4<f32>>;            // (256 + .., HEAD_DIM / 2, 2): cos, sin
@group(0) @binding(3) var<storage, read_write> k_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(4) var<storage, read_write> v_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(5) var<storage, read_write> partials: array<vec4<f32>>;  // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(6) var<storage, read_write> sums: array<vec2<f32>>;      // (SPLITS, HEADS): maximum, sum
@group(0) @binding(7) var<uniform> step: Step;

const N: u32 = HEAD_DIM / 4u;       // vec4 in a head
const ROW: u32 = WORKGROUP;         // at least N; it takes the shares of the values at the end, too
const BLOCK: u32 = 64u;
const KEY_LANES: u32 = 16u;
const KEYS: u32 = WORKGROUP / KEY_LANES;            // keys whose scores are computed at once
const SHARES: u32 = WORKGROUP / N;                  // invocations that share four columns of the values
// Lower than any score; exp(LOWEST - score) is 0 and LOWEST - LOWEST is 0, which infinities do not give.
const LOWEST: f32 = -3.0e38;

var<workgroup> query: array<vec4<f32>, N>;
var<workgroup> new_key: array<Kv, HEAD_UNITS>;
var<workgroup> new_value: array<Kv, HEAD_UNITS>;
var<workgroup> products: array<f32, BLOCK * KEY_LANES>;
var<workgroup> scores: array<f32, BLOCK>;
var<workgroup> weight: array<f32, BLOCK>;

struct Pair { a: vec4<f32>, b: vec4<f32> }

// Four pairs (j, j + HEAD_DIM / 2) of a head, normed, weighted and rotated.
fn rotated(start: u32, weights: u32, inverse: f32, i: u32) -> Pair {
    let a = qkv[start + i] * inverse * norms[weights + i];
    let b = qkv[start + HALF + i] * inverse * norms[weights + HALF + i];
    let angle = angles(step.position, i);
    return Pair(a * angle.cosine - b * angle.sine, b * angle.cosine + a * angle.sine);
}

// One over the root mean squares of the query, and of the newest key and value if this workgroup needs them.
fn inverse_norms(query: u32, key: u32, value: u32, newest: bool, local: u32) -> vec3<f32> {
    var squares = vec3<f32>(0.0);
    for (var i = local; i < N; i += WORKGROUP) {
        let q = qkv[query + i];
        squares.x += dot(q, q);
        if (newest) {
            let k = qkv[key + i];
            let v = qkv[value + i];
            squares += vec3<f32>(0.0, dot(k, k), dot(v, v));
        }
    }
    return inverseSqrt(workgroup_sum(squares, local) / f32(HEAD_DIM) + vec3<f32>(EPSILON));
}

@compute @workgroup_size(WORKGROUP)
fn token_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let split = group.y;
    let kv_head = head / (HEADS / KV_HEADS);
    // Keys first .. last (exclusive): causal, and on sliding layers not before last - WINDOW (0: no window).
    let last = step.position + 1u;
    var first = 0u;
    if (WINDOW != 0u && last > WINDOW) {
        first = last - WINDOW;
    }
    let share = (last - first + SPLITS - 1u) / SPLITS;
    let begin = min(first + split * share, last);
    let end = min(begin + share, last);
    var top = LOWEST;
    var total = 0.0;
    var sum = vec4<f32>(0.0);       // column local % N of the head, over this invocation's share of the keys

    if (begin < end) {
        prepare(head, kv_head, OWN && end == last, local);
    }
    workgroupBarrier();
    for (var block = begin; block < end; block += BLOCK) {
        let count = min(BLOCK, end - block);
        let lane = local % KEY_LANES;
        for (var j = local / KEY_LANES; j < count; j += KEYS) {
            let key = block + j;
            products[j * KEY_LANES + lane] = score_part(key, kv_head, OWN && key + 1u == last, lane);
        }
        workgroupBarrier();
        if (local < count) {
            var score = 0.0;
            for (var i = 0u; i < KEY_LANES; i += 1u) {
                // Each invocation begins elsewhere, so that they do not meet in a bank.
                score += products[local * KEY_LANES + (i + local) % KEY_LANES];
            }
            scores[local] = score;
        }
        workgroupBarrier();
        var block_top = top;
        for (var j = 0u; j < count; j += 1u) {
            block_top = max(block_top, scores[j]);
        }
        if (local < count) {
            weight[local] = exp(scores[local] - block_top);
        }
        let correction = exp(top - block_top);
        total *= correction;
        sum *= correction;
        top = block_top;
        workgroupBarrier();
        for (var j = 0u; j < count; j += 1u) {
            total += weight[j];
        }
        if (local < SHARES * N) {
            let column = local % N;
            for (var j = local / N; j < count; j += SHARES) {
                let key = block + j;
                sum += weight[j] * value_part(key, kv_head, OWN && key + 1u == last, column);
            }
        }
        workgroupBarrier();         // `products` and `weight` are written again in the next round
    }
    row[local] = sum;
    workgroupBarrier();
    if (local < N) {
        for (var s = 1u; s < SHARES; s += 1u) {
            sum += row[s * N + local];
        }
        partials[(split * HEADS + head) * N + local] = sum;
    }
    if (local == 0u) {
        sums[split * HEADS + head] = vec2<f32>(top, total);
    }
}

// This lane's part of a key's score.
fn score_part(key: u32, kv_head: u32, newest: bool, lane: u32) -> f32 {
    let at = ((key % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
    var product = 0.0;
    if (newest) {
        for (var i = lane; i < N; i += KEY_LANES) {
            product += dot(query[i], kv_value(new_key[i], new_key[kv_scale_at(i)]));
        }
    } else {
        for (var i = lane; i < N; i += KEY_LANES) {
            product += dot(query[i], kv_value(k_cache[at + i], k_cache[at + kv_scale_at(i)]));
        }
    }
    return product;
}

fn value_part(key: u32, kv_head: u32, newest: bool, column: u32) -> vec4<f32> {
    if (newest) {
        return kv_value(new_value[column], new_value[kv_scale_at(column)]);
    }
    let at = ((key % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
    return kv_value(v_cache[at + column], v_cache[at + kv_scale_at(column)]);
}

// Norms and rotates the query and, where the newest key is among this workgroup's, that key, and norms its value, which
// has no weight. K = V layers have no value rows: their values are the raw keys (V_OFFSET = K_OFFSET).
fn prepare(head: u32, kv_head: u32, newest: bool, local: u32) {
    let key_row = (HEADS + kv_head) * N;
    let value_row = V_OFFSET / 4u + kv_head * N;
    let inverse = inverse_norms(head * N, key_row, value_row, newest, local);
    for (var i = local; i < HALF; i += WORKGROUP) {
        let pair = rotated(head * N, 0u, inverse.x, i);
        query[i] = pair.a;
        query[HALF + i] = pair.b;
    }
    if (!newest) {
        return;
    }
    let at = ((step.position % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
    let store = head % (HEADS / KV_HEADS) == 0u;
    for (var i = local; i < HALF; i += WORKGROUP) {
        let pair = rotated(key_row, N, inverse.y, i);
        row[i] = pair.a;
        row[HALF + i] = pair.b;
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        let top = row_top(i);
        new_key[i] = kv_unit(row[i], top);
        if (store) {
            k_cache[at + i] = new_key[i];
        }
        if (KV_SCALES && i % 8u == 0u) {
            new_key[kv_scale_at(i)] = kv_scale(top);
            if (store) {
                k_cache[at + kv_scale_at(i)] = kv_scale(top);
            }
        }
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        row[i] = qkv[value_row + i] * inverse.z;
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        let top = row_top(i);
        new_value[i] = kv_unit(row[i], top);
        if (store) {
            v_cache[at + i] = new_value[i];
        }
        if (KV_SCALES && i % 8u == 0u) {
            new_value[kv_scale_at(i)] = kv_scale(top);
            if (store) {
                v_cache[at + kv_scale_at(i)] = kv_scale(top);
            }
        }
    }
}
