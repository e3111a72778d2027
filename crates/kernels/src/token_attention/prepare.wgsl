// What a single token's attention makes of its raw projections: GROUP queries, normed and rotated, and, for a workgroup whose
// keys end with the newest, that key likewise and its value, which has no weight. A workgroup takes the newest from its own
// memory; whoever is told to appends them to the cache. Gemma 4 scales no scores.
@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;             // queries, keys, values
@group(0) @binding(1) var<storage, read> norms: array<vec4<f32>>;           // (2, HEAD_DIM): query and key weights
@group(0) @binding(2) var<storage, read> rope: array<vec4<f32>>;            // (256 + .., HEAD_DIM / 2, 2): cos, sin
@group(0) @binding(3) var<storage, read_write> k_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(4) var<storage, read_write> v_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(5) var<uniform> step: Step;

const N: u32 = HEAD_DIM / 4u;       // vec4 in a head
const PER_KV: u32 = HEADS / KV_HEADS;
const NORM_LANES: u32 = 8u;         // invocations that share a sum of squares
// Lower than any score; exp(LOWEST - score) is 0 and LOWEST - LOWEST is 0, which infinities do not give.
const LOWEST: f32 = -3.0e38;

var<workgroup> query: array<vec4<f32>, GROUP * N>;
var<workgroup> new_key: array<Kv, HEAD_UNITS>;
var<workgroup> new_value: array<Kv, HEAD_UNITS>;
var<workgroup> squares: array<f32, (GROUP + 2u) * NORM_LANES>;

// Keys first .. last (exclusive) that the token sees: causal, and on sliding layers not before last - WINDOW (0: no window).
struct Seen { first: u32, last: u32 }

fn seen() -> Seen {
    let last = step.position + 1u;
    return Seen(select(0u, last - min(WINDOW, last), WINDOW != 0u), last);
}

struct Pair { a: vec4<f32>, b: vec4<f32> }

// Four pairs (j, j + HEAD_DIM / 2) of a head, normed, weighted and rotated.
fn rotated(start: u32, weights: u32, inverse: f32, i: u32) -> Pair {
    let a = qkv[start + i] * inverse * norms[weights + i];
    let b = qkv[start + HALF + i] * inverse * norms[weights + HALF + i];
    let angle = angles(step.position, i);
    return Pair(a * angle.cosine - b * angle.sine, b * angle.cosine + a * angle.sine);
}

// One over the root mean square of row r: the queries, the key, the value.
fn inverse_norm(r: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < NORM_LANES; i += 1u) {
        sum += squares[r * NORM_LANES + i];
    }
    return inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
}

// The query head of place h in the group. Places behind a kv head's last query repeat it, and nothing is stored of them.
fn head_at(first_head: u32, kv_head: u32, h: u32) -> u32 {
    return min(first_head + h, (kv_head + 1u) * PER_KV - 1u);
}

fn prepare(first_head: u32, kv_head: u32, newest: bool, append: bool, local: u32) {
    // K = V layers have no value rows: their values are the raw keys (V_OFFSET = K_OFFSET).
    let key_row = (HEADS + kv_head) * N;
    let value_row = V_OFFSET / 4u + kv_head * N;
    let r = local / NORM_LANES;
    if (r < GROUP || (newest && r < GROUP + 2u)) {
        let start = select(select(value_row, key_row, r == GROUP), head_at(first_head, kv_head, r) * N, r < GROUP);
        var sum = 0.0;
        for (var i = local % NORM_LANES; i < N; i += NORM_LANES) {
            let v = qkv[start + i];
            sum += dot(v, v);
        }
        squares[local] = sum;
    }
    workgroupBarrier();
    for (var i = local; i < GROUP * HALF; i += WORKGROUP) {
        let h = i / HALF;
        let pair = rotated(head_at(first_head, kv_head, h) * N, 0u, inverse_norm(h), i % HALF);
        query[h * N + i % HALF] = pair.a;
        query[h * N + HALF + i % HALF] = pair.b;
    }
    if (newest) {
        prepare_newest(key_row, value_row, kv_head, append, local);
    }
    workgroupBarrier();
}

fn prepare_newest(key_row: u32, value_row: u32, kv_head: u32, append: bool, local: u32) {
    let at = ((step.position % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
    for (var i = local; i < HALF; i += WORKGROUP) {
        let pair = rotated(key_row, N, inverse_norm(GROUP), i);
        row[i] = pair.a;
        row[HALF + i] = pair.b;
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        let top = row_top(i);
        new_key[i] = kv_unit(row[i], top);
        if (append) {
            k_cache[at + i] = new_key[i];
        }
        if (KV_SCALES && i % 8u == 0u) {
            new_key[kv_scale_at(i)] = kv_scale(top);
            if (append) {
                k_cache[at + kv_scale_at(i)] = kv_scale(top);
            }
        }
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        row[i] = qkv[value_row + i] * inverse_norm(GROUP + 1u);
    }
    workgroupBarrier();
    for (var i = local; i < N; i += WORKGROUP) {
        let top = row_top(i);
        new_value[i] = kv_unit(row[i], top);
        if (append) {
            v_cache[at + i] = new_value[i];
        }
        if (KV_SCALES && i % 8u == 0u) {
            new_value[kv_scale_at(i)] = kv_scale(top);
            if (append) {
                v_cache[at + kv_scale_at(i)] = kv_scale(top);
            }
        }
    }
}

fn newest_key(i: u32) -> Raw {
    return Raw(new_key[i], new_key[kv_scale_at(i)]);
}

fn newest_value(i: u32) -> vec4<f32> {
    return kv_value(new_value[i], new_value[kv_scale_at(i)]);
}
