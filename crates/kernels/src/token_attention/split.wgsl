// Attention of a single token over many keys. One workgroup computes GROUP query heads of one kv head over one share of the
// keys, so that a key is loaded once for all of them. Keys come in blocks, KEY_LANES invocations to two keys; softmax runs online
// (maximum and sum carried from block to block); for the values, invocations take four columns each of all heads and share the
// keys. The next keys and values are always on their way. A block's weights are made by split_scores.wgsl or, by subgroups, by
// split_scores_subgroup.wgsl. What is left is joined by merge.wgsl.
@group(0) @binding(7) var<storage, read_write> partials: array<vec4<f32>>;  // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(8) var<storage, read_write> sums: array<vec2<f32>>;      // (SPLITS, HEADS): maximum, sum

const ROW: u32 = max(WORKGROUP, 2u * N);            // serves as scratch, too
const SHARES: u32 = WORKGROUP / N;                  // invocations that share four columns of the values

// The block's weights: a number for each of up to four heads.
var<workgroup> weights: array<vec4<f32>, BLOCK>;

// Of the blocks so far, for each head: the largest score, and what this invocation has of the sum of weights.
struct Softmax { top: vec4<f32>, total: vec4<f32> }

// Vec4 i of the query at place h, zeros behind the last; places behind the last repeat it.
fn query_at(h: u32, i: u32) -> vec4<f32> {
    return select(vec4<f32>(0.0), query[min(h, GROUP - 1u) * N + place(i)], N % KEY_STEP == 0u || i < N);
}

// A number for each head, of two keys.
struct Two { one: vec4<f32>, two: vec4<f32> }

// Adds what vec4 i of two keys adds to their scores.
fn term(before: Two, i: u32, one: Raw, two: Raw) -> Two {
    let k = unpacked(one);
    let l = unpacked(two);
    let a = query_at(0u, i);
    let b = query_at(1u, i);
    let c = query_at(2u, i);
    let d = query_at(3u, i);
    return Two(before.one + vec4<f32>(dot(a, k), dot(b, k), dot(c, k), dot(d, k)),
        before.two + vec4<f32>(dot(a, l), dot(b, l), dot(c, l), dot(d, l)));
}

fn terms(before: Two, eight: Eight, piece: u32, lane: u32) -> Two {
    let i = piece * KEY_STEP + lane;
    var sum = term(before, i, eight.a, eight.e);
    sum = term(sum, i + KEY_LANES, eight.b, eight.f);
    sum = term(sum, i + 2u * KEY_LANES, eight.c, eight.g);
    return term(sum, i + 3u * KEY_LANES, eight.d, eight.h);
}

// Four columns of each head.
struct Values { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32> }

fn scaled(sum: Values, by: vec4<f32>) -> Values {
    return Values(sum.a * by.x, sum.b * by.y, sum.c * by.z, sum.d * by.w);
}

// Adds a value with the weights of key j of the block.
fn weighted(sum: Values, j: u32, there: bool, value: vec4<f32>) -> Values {
    let w = select(vec4<f32>(0.0), weights[min(j, BLOCK - 1u)], there);
    return Values(sum.a + w.x * value, sum.b + w.y * value, sum.c + w.z * value, sum.d + w.w * value);
}

// Adds the values of keys j, j + SHARES, .. of a block of which `cached` are in the cache.
fn eight_weighted(before: Values, eight: Eight, j: u32, cached: u32) -> Values {
    var sum = weighted(before, j, j < cached, unpacked(eight.a));
    sum = weighted(sum, j + SHARES, j + SHARES < cached, unpacked(eight.b));
    sum = weighted(sum, j + 2u * SHARES, j + 2u * SHARES < cached, unpacked(eight.c));
    sum = weighted(sum, j + 3u * SHARES, j + 3u * SHARES < cached, unpacked(eight.d));
    sum = weighted(sum, j + 4u * SHARES, j + 4u * SHARES < cached, unpacked(eight.e));
    sum = weighted(sum, j + 5u * SHARES, j + 5u * SHARES < cached, unpacked(eight.f));
    sum = weighted(sum, j + 6u * SHARES, j + 6u * SHARES < cached, unpacked(eight.g));
    return weighted(sum, j + 7u * SHARES, j + 7u * SHARES < cached, unpacked(eight.h));
}

@compute @workgroup_size(WORKGROUP)
fn token_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let groups = (PER_KV + GROUP - 1u) / GROUP;
    let kv_head = group.x / groups;
    let first_head = kv_head * PER_KV + group.x % groups * GROUP;
    let split = group.y;
    let keys = seen();
    let share_keys = split_keys(keys.last - keys.first);
    let begin = keys.first + split * share_keys;
    if (begin >= keys.last) {
        return;
    }
    let end = min(begin + share_keys, keys.last);
    let newest = OWN && end == keys.last;
    let count = end - begin;                        // of this workgroup; keys are counted from `begin`
    let cached = count - u32(newest);
    let lane = local % KEY_LANES;
    let slot = local / KEY_LANES;
    let column = local % N;
    // Invocations behind the last share have no keys.
    let share = select(local / N, BLOCK, local >= SHARES * N);
    var coming = eight_of_keys(begin, slot, cached, kv_head, 0u, lane);
    var values = eight_values(begin, share, min(BLOCK, cached), kv_head, column);
    prepare(first_head, kv_head, newest, group.x % groups == 0u, local);

    var softmax = Softmax(vec4<f32>(LOWEST), vec4<f32>(0.0));
    var sum = Values();
    for (var first = 0u; first < count; first += BLOCK) {
        let j = first + slot;
        var parts = Two();
        for (var piece = 0u; piece < KEY_PIECES; piece += 1u) {
            let eight = with_newest(coming, newest && j == cached, newest && j + SLOTS == cached, piece, lane);
            let ends = piece + 1u == KEY_PIECES;
            coming = eight_of_keys(begin, select(j, j + BLOCK, ends), cached, kv_head, select(piece + 1u, 0u, ends), lane);
            parts = terms(parts, eight, piece, lane);
        }
        let before = softmax;
        softmax = take_block(before, parts, count - first, local);
        sum = scaled(sum, exp(before.top - softmax.top));
        // The keys of this block that are cached, as they are counted from `begin`.
        let block_end = min(first + BLOCK, cached);
        let here = block_end - min(first, block_end);
        for (var k = share; k < here; k += 8u * SHARES) {
            let eight = values;
            values = eight_values(begin + first, k + 8u * SHARES, here, kv_head, column);
            sum = eight_weighted(sum, eight, k, here);
        }
        if (newest && cached - first < BLOCK && local < N) {
            sum = weighted(sum, cached - first, true, newest_value(column));
        }
        let next = first + BLOCK;
        values = eight_values(begin + next, share, min(BLOCK, cached - min(next, cached)), kv_head, column);
    }

    let heads = min(GROUP, (kv_head + 1u) * PER_KV - first_head);
    let at = split * HEADS + first_head;
    leave_partial(at, 0u, heads, sum.a, local);
    leave_partial(at, 1u, heads, sum.b, local);
    leave_partial(at, 2u, heads, sum.c, local);
    leave_partial(at, 3u, heads, sum.d, local);
    let total = whole_total(softmax.total, local);
    if (local < heads) {
        sums[at + local] = vec2<f32>(softmax.top[local], total[local]);
    }
}

// Adds the shares of a head's columns and stores them.
fn leave_partial(at: u32, h: u32, heads: u32, sum: vec4<f32>, local: u32) {
    if (h >= GROUP) {
        return;
    }
    row[local] = sum;
    workgroupBarrier();
    if (local < N && h < heads) {
        var all = sum;
        for (var s = 1u; s < SHARES; s += 1u) {
            all += row[s * N + local];
        }
        partials[(at + h) * N + local] = all;
    }
    workgroupBarrier();
}
