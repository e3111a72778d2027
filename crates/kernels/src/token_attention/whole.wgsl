// Attention of a single token over few keys, in one dispatch. One workgroup computes a part of the columns of one query head
// over all keys: every score, of which KEY_LANES invocations compute one together, then the softmax, then the values, for
// which invocations take four columns each and share the keys. The other parts of the head compute the same scores, which costs
// less than a dispatch that joins what several workgroups leave. What it costs is waiting for loads, so that eight are in flight.
const ROW: u32 = N;
const KEY_LANES: u32 = 8u;
const UNITS: u32 = 8u;                              // vec4 of a key that an invocation has in flight
const STEP: u32 = KEY_LANES * UNITS;
const KEYS: u32 = WORKGROUP / KEY_LANES;            // keys whose scores are computed at once
const ROUND: u32 = 4u * KEYS;                       // and between two barriers
const COLUMNS: u32 = N / PARTS;                     // vec4 of a part
const SHARES: u32 = WORKGROUP / COLUMNS;            // invocations that share four columns of the values
const FOLD: u32 = 16u;                              // invocations that share a maximum or a sum over the workgroup

// Parts of scores; then of the maximum and of the sum of the weights; then, (4, WORKGROUP), of the values.
var<workgroup> products: array<f32, ROUND * KEY_LANES>;
var<workgroup> scores: array<f32, KEYS_MAX>;
var<workgroup> firsts: array<f32, FOLD>;

fn workgroup_max(value: f32, local: u32) -> f32 {
    products[local] = value;
    workgroupBarrier();
    if (local < FOLD) {
        var top = LOWEST;
        for (var i = local; i < WORKGROUP; i += FOLD) {
            top = max(top, products[i]);
        }
        firsts[local] = top;
    }
    workgroupBarrier();
    var top = firsts[0];
    for (var i = 1u; i < FOLD; i += 1u) {
        top = max(top, firsts[i]);
    }
    return top;
}

fn workgroup_total(value: f32, local: u32) -> f32 {
    products[local] = value;
    workgroupBarrier();
    if (local < FOLD) {
        var sum = 0.0;
        for (var i = local; i < WORKGROUP; i += FOLD) {
            sum += products[i];
        }
        firsts[local] = sum;
    }
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < FOLD; i += 1u) {
        total += firsts[i];
    }
    return total;
}

// Where vec4 i of a head is taken from; what is not there repeats the last, and counts for nothing.
fn place(i: u32) -> u32 {
    return select(min(i, N - 1u), i, N % STEP == 0u);
}

fn term(i: u32, raw: Raw) -> f32 {
    return select(0.0, dot(query[place(i)], unpacked(raw)), N % STEP == 0u || i < N);
}

// This lane's part of a key's score.
fn score_part(key: u32, kv_head: u32, newest: bool, lane: u32) -> f32 {
    var product = 0.0;
    if (newest) {
        for (var i = lane; i < N; i += KEY_LANES) {
            product += dot(query[i], unpacked(newest_key(i)));
        }
    } else {
        let at = cached_at(key, kv_head);
        for (var i = lane; i < N; i += STEP) {
            let a = raw_key(at, place(i));
            let b = raw_key(at, place(i + KEY_LANES));
            let c = raw_key(at, place(i + 2u * KEY_LANES));
            let d = raw_key(at, place(i + 3u * KEY_LANES));
            let e = raw_key(at, place(i + 4u * KEY_LANES));
            let f = raw_key(at, place(i + 5u * KEY_LANES));
            let g = raw_key(at, place(i + 6u * KEY_LANES));
            let h = raw_key(at, place(i + 7u * KEY_LANES));
            product += term(i, a) + term(i + KEY_LANES, b) + term(i + 2u * KEY_LANES, c) + term(i + 3u * KEY_LANES, d)
                + term(i + 4u * KEY_LANES, e) + term(i + 5u * KEY_LANES, f) + term(i + 6u * KEY_LANES, g) + term(i + 7u * KEY_LANES, h);
        }
    }
    return product;
}

@compute @workgroup_size(WORKGROUP)
fn token_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let part = group.y;
    let kv_head = head / PER_KV;
    let keys = seen();
    let count = keys.last - keys.first;
    prepare(head, kv_head, OWN, part == 0u && head % PER_KV == 0u, local);

    var top = LOWEST;
    for (var round = 0u; round < count; round += ROUND) {
        let end = min(round + ROUND, count);
        let lane = local % KEY_LANES;
        for (var j = round + local / KEY_LANES; j < end; j += KEYS) {
            products[(j - round) * KEY_LANES + lane] = score_part(keys.first + j, kv_head, OWN && j + 1u == count, lane);
        }
        workgroupBarrier();
        let j = round + local;
        if (local < ROUND && j < end) {
            let at = local * KEY_LANES;
            var score = 0.0;
            for (var i = 0u; i < KEY_LANES; i += 1u) {
                // Each invocation begins elsewhere, so that they do not meet in a bank.
                score += products[at + (i + local) % KEY_LANES];
            }
            scores[j] = score;
            top = max(top, score);
        }
        workgroupBarrier();         // `products` is written again in the next round
    }
    top = workgroup_max(top, local);
    var total = 0.0;
    for (var j = local; j < count; j += WORKGROUP) {
        let weight = exp(scores[j] - top);
        scores[j] = weight;
        total += weight;
    }
    total = workgroup_total(total, local);          // its barriers publish the weights, too

    let column = part * COLUMNS + local % COLUMNS;
    let share = local / COLUMNS;
    let mine = attended(keys.first, count, kv_head, column, share);
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

// The weighted sum of four columns over a share of the keys.
fn attended(first: u32, count: u32, kv_head: u32, column: u32, share: u32) -> vec4<f32> {
    var sum = vec4<f32>(0.0);
    if (share >= SHARES) {
        return sum;
    }
    let cached = count - u32(OWN);
    var j = share;
    for (; j + 7u * SHARES < cached; j += 8u * SHARES) {
        let a = raw_value(cached_at(first + j, kv_head), column);
        let b = raw_value(cached_at(first + j + SHARES, kv_head), column);
        let c = raw_value(cached_at(first + j + 2u * SHARES, kv_head), column);
        let d = raw_value(cached_at(first + j + 3u * SHARES, kv_head), column);
        let e = raw_value(cached_at(first + j + 4u * SHARES, kv_head), column);
        let f = raw_value(cached_at(first + j + 5u * SHARES, kv_head), column);
        let g = raw_value(cached_at(first + j + 6u * SHARES, kv_head), column);
        let h = raw_value(cached_at(first + j + 7u * SHARES, kv_head), column);
        sum += scores[j] * unpacked(a);
        sum += scores[j + SHARES] * unpacked(b);
        sum += scores[j + 2u * SHARES] * unpacked(c);
        sum += scores[j + 3u * SHARES] * unpacked(d);
        sum += scores[j + 4u * SHARES] * unpacked(e);
        sum += scores[j + 5u * SHARES] * unpacked(f);
        sum += scores[j + 6u * SHARES] * unpacked(g);
        sum += scores[j + 7u * SHARES] * unpacked(h);
    }
    for (; j < cached; j += SHARES) {
        sum += scores[j] * unpacked(raw_value(cached_at(first + j, kv_head), column));
    }
    if (OWN && share == 0u) {
        sum += scores[count - 1u] * newest_value(column);
    }
    return sum;
}
