// What a single token's attention makes of its raw projections: GROUP queries, normed and rotated, and, for a workgroup whose
// keys end with the newest, that key likewise and its value, which has no weight. A workgroup takes the newest from its own
// memory; whoever is told to appends them to the cache. Gemma 4 scales no scores.
@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;             // queries, keys
@group(0) @binding(1) var<storage, read> raw_values: array<vec4<f32>>;      // (.., V_OFFSET + KV_HEADS * HEAD_DIM)
@group(0) @binding(2) var<storage, read> norms: array<vec4<f32>>;           // (2, HEAD_DIM): query and key weights
@group(0) @binding(3) var<storage, read> rope: array<vec4<f32>>;            // (256 + .., HEAD_DIM / 2, 2): cos, sin
@group(0) @binding(4) var<storage, read_write> k_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(5) var<storage, read_write> v_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(6) var<uniform> step: Step;

const N: u32 = HEAD_DIM / 4u;       // vec4 in a head
const PER_KV: u32 = HEADS / KV_HEADS;
const TAKERS: u32 = (HALF + 1u) / 2u;       // invocations that share a row: a query, the key or the value
// Lower than any score; exp(LOWEST - score) is 0 and LOWEST - LOWEST is 0, which infinities do not give.
const LOWEST: f32 = -3.0e38;

var<workgroup> query: array<vec4<f32>, GROUP * N>;
var<workgroup> new_key: array<Kv, HEAD_UNITS>;
var<workgroup> new_value: array<Kv, HEAD_UNITS>;

// Keys first .. last (exclusive) that the token sees: causal, and on sliding layers not before last - WINDOW (0: no window).
struct Seen { first: u32, last: u32 }

fn seen() -> Seen {
    let last = step.position + 1u;
    return Seen(select(0u, last - min(WINDOW, last), WINDOW != 0u), last);
}

// The query head of place h in the group. Places behind a kv head's last query repeat it, and nothing is stored of them.
fn head_at(first_head: u32, kv_head: u32, h: u32) -> u32 {
    return min(first_head + h, (kv_head + 1u) * PER_KV - 1u);
}

// Four pairs (j, j + HEAD_DIM / 2) of a head, and what they are multiplied by.
struct Pair { a: vec4<f32>, b: vec4<f32>, weight_a: vec4<f32>, weight_b: vec4<f32>, angle: Angles }

// Pair i of row r: the queries, the key, the value.
fn loaded(first_head: u32, kv_head: u32, r: u32, i: u32) -> Pair {
    if (r > GROUP) {
        let at = V_OFFSET / 4u + kv_head * N + i;
        return Pair(raw_values[at], raw_values[at + HALF], vec4<f32>(1.0), vec4<f32>(1.0),
            Angles(vec4<f32>(1.0), vec4<f32>(0.0)));
    }
    let at = select(head_at(first_head, kv_head, r), HEADS + kv_head, r == GROUP) * N + i;
    let weights = select(0u, N, r == GROUP) + i;
    return Pair(qkv[at], qkv[at + HALF], norms[weights], norms[weights + HALF], angles(step.position, i));
}

fn square(pair: Pair) -> f32 {
    return dot(pair.a, pair.a) + dot(pair.b, pair.b);
}

// Leaves pair i of row r normed, weighted and rotated.
fn put(kv_head: u32, append: bool, r: u32, i: u32, pair: Pair, inverse: f32) {
    let raw_a = pair.a * inverse * pair.weight_a;
    let raw_b = pair.b * inverse * pair.weight_b;
    let angle = pair.angle;
    let a = raw_a * angle.cosine - raw_b * angle.sine;
    let b = raw_b * angle.cosine + raw_a * angle.sine;
    if (r < GROUP) {
        query[r * N + i] = a;
        query[r * N + HALF + i] = b;
    } else {
        put_newest(kv_head, append, r > GROUP, i, a);
        put_newest(kv_head, append, r > GROUP, HALF + i, b);
    }
}

// All that is needed is asked for before any of it is waited for. An invocation takes two pairs of a row, or one.
fn prepare(first_head: u32, kv_head: u32, newest: bool, append: bool, local: u32) {
    let r = local / TAKERS;
    let i = local % TAKERS;
    let takes = r < GROUP || (newest && r < GROUP + 2u);
    let takes_two = takes && i + TAKERS < HALF;
    var one = Pair();
    var two = Pair();
    if (takes) {
        one = loaded(first_head, kv_head, r, i);
    }
    if (takes_two) {
        two = loaded(first_head, kv_head, r, i + TAKERS);
    }
    let sum = row_sum(square(one) + square(two), r, local);
    if (takes) {
        let inverse = inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
        put(kv_head, append, r, i, one, inverse);
        if (takes_two) {
            put(kv_head, append, r, i + TAKERS, two, inverse);
        }
    }
    pack_newest(kv_head, newest, append, local);
    workgroupBarrier();
}

// Where the newest key and value are put in the caches.
fn newest_at(kv_head: u32) -> u32 {
    return ((step.position % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
}

fn newest_key(i: u32) -> Raw {
    return Raw(new_key[i], new_key[kv_scale_at(i)]);
}

fn newest_value(i: u32) -> vec4<f32> {
    return kv_value(new_value[i], new_value[kv_scale_at(i)]);
}
