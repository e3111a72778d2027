// Attention of a single token over few keys, in one dispatch. One workgroup computes a part of the columns of one query head
// over all keys: every score, then the softmax, then the values, for which invocations take four columns each and share the keys.
// The other parts of the head compute the same scores, which costs less than a dispatch that joins what several workgroups
// leave. The first keys and values are on their way before the query is prepared.
const ROW: u32 = 2u * N;
const COLUMNS: u32 = N / PARTS;                     // vec4 of a part
const SHARES: u32 = WORKGROUP / COLUMNS;            // invocations that share four columns of the values

// Parts of what several invocations add up: at last, (4, WORKGROUP), of the values.
var<workgroup> products: array<f32, 4u * WORKGROUP>;
var<workgroup> scores: array<f32, KEYS_MAX>;

// A lane's vec4 of a piece of the query, zeros behind the last.
struct Query { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32> }

fn query_at(i: u32) -> vec4<f32> {
    return select(vec4<f32>(0.0), query[place(i)], N % KEY_STEP == 0u || i < N);
}

fn query_of(piece: u32, lane: u32) -> Query {
    let i = piece * KEY_STEP + lane;
    return Query(query_at(i), query_at(i + KEY_LANES), query_at(i + 2u * KEY_LANES), query_at(i + 3u * KEY_LANES));
}

// What a piece of two keys adds to this lane's parts of their scores.
fn terms(q: Query, k: Eight) -> vec2<f32> {
    return vec2<f32>(
        dot(q.a, unpacked(k.a)) + dot(q.b, unpacked(k.b)) + dot(q.c, unpacked(k.c)) + dot(q.d, unpacked(k.d)),
        dot(q.a, unpacked(k.e)) + dot(q.b, unpacked(k.f)) + dot(q.c, unpacked(k.g)) + dot(q.d, unpacked(k.h)));
}

// This lane's parts of the scores of two keys, and the first piece of the next two.
struct Scored { parts: vec2<f32>, coming: Eight }

// Of keys j and j + SLOTS, whose first piece was `begun`; `first_query` is that of the query.
fn scored_keys(first: u32, j: u32, cached: u32, kv_head: u32, lane: u32, first_query: Query, begun: Eight) -> Scored {
    var parts = vec2<f32>(0.0);
    var q = first_query;
    var coming = begun;
    for (var piece = 0u; piece < KEY_PIECES; piece += 1u) {
        let eight = with_newest(coming, OWN && j == cached, OWN && j + SLOTS == cached, piece, lane);
        let ends = piece + 1u == KEY_PIECES;
        coming = eight_of_keys(first, select(j, j + KEYS, ends), cached, kv_head, select(piece + 1u, 0u, ends), lane);
        if (piece > 0u) {
            q = query_of(piece, lane);
        }
        parts += terms(q, eight);
    }
    return Scored(parts, coming);
}

@compute @workgroup_size(WORKGROUP)
fn token_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let part = group.y;
    let kv_head = head / PER_KV;
    let keys = seen();
    let count = keys.last - keys.first;
    let cached = count - u32(OWN);
    let column = part * COLUMNS + local % COLUMNS;
    let share = local / COLUMNS;
    let coming = eight_of_keys(keys.first, local / KEY_LANES, cached, kv_head, 0u, local % KEY_LANES);
    var values = eight_values(keys.first, share, cached, kv_head, column);
    prepare(head, kv_head, OWN, part == 0u && head % PER_KV == 0u, local);

    let largest = leave_scores(keys.first, count, coming, kv_head, local);
    let top = workgroup_max(largest, local);        // its barriers publish the scores, too
    var total = 0.0;
    for (var j = local; j < count; j += WORKGROUP) {
        let weight = exp(scores[j] - top);
        scores[j] = weight;
        total += weight;
    }
    total = workgroup_total(total, local);          // its barriers publish the weights, too

    var mine = vec4<f32>(0.0);
    if (share < SHARES) {
        for (var j = share; j < cached; j += 8u * SHARES) {
            let eight = values;
            values = eight_values(keys.first, j + 8u * SHARES, cached, kv_head, column);
            mine += weighted(eight, j, cached);
        }
        if (OWN && share == 0u) {
            mine += scores[cached] * newest_value(column);
        }
    }
    products[local] = mine.x;
    products[WORKGROUP + local] = mine.y;
    products[2u * WORKGROUP + local] = mine.z;
    products[3u * WORKGROUP + local] = mine.w;
    workgroupBarrier();
    var sum = vec4<f32>(0.0);
    if (local < COLUMNS) {
        for (var at = local; at < SHARES * COLUMNS; at += COLUMNS) {
            sum += vec4<f32>(products[at], products[WORKGROUP + at], products[2u * WORKGROUP + at], products[3u * WORKGROUP + at]);
        }
    }
    leave(head * N + column, local, local < COLUMNS, sum / total);
}

// The weighted sum of the values of keys j, j + SHARES, ..
fn weighted(eight: Eight, j: u32, cached: u32) -> vec4<f32> {
    var sum = weighted_one(eight.a, j, cached) + weighted_one(eight.b, j + SHARES, cached);
    sum += weighted_one(eight.c, j + 2u * SHARES, cached) + weighted_one(eight.d, j + 3u * SHARES, cached);
    sum += weighted_one(eight.e, j + 4u * SHARES, cached) + weighted_one(eight.f, j + 5u * SHARES, cached);
    sum += weighted_one(eight.g, j + 6u * SHARES, cached) + weighted_one(eight.h, j + 7u * SHARES, cached);
    return sum;
}

fn weighted_one(raw: Raw, j: u32, cached: u32) -> vec4<f32> {
    // The weight of a key that is not there is no number of any use.
    let weight = scores[min(j, KEYS_MAX - 1u)];
    return select(0.0, weight, j < cached) * unpacked(raw);
}
