// Attention of a single token over many keys. One workgroup computes GROUP query heads of one kv head over one share of the
// keys, so that a key is loaded once for all of them. Keys come in blocks of BLOCK and each block in chunks of columns
// through workgroup memory, the next two chunks on their way while one is multiplied: two invocations compute a key's scores, half
// of a chunk each. Softmax runs online (maximum and sum carried from block to block); for the values, invocations take four
// columns each of all heads. What is left is joined by merge.wgsl.
@group(0) @binding(6) var<storage, read_write> partials: array<vec4<f32>>;  // (SPLITS, HEADS, HEAD_DIM)
@group(0) @binding(7) var<storage, read_write> sums: array<vec2<f32>>;      // (SPLITS, HEADS): maximum, sum

const CHUNK: u32 = 4u;                              // vec4 of each key
const CHUNKS: u32 = (N + 2u * CHUNK - 1u) / (2u * CHUNK) * 2u;  // even; behind the last column chunks are zeros
const PITCH: u32 = BLOCK + 1u;                      // so that a key's vec4s lie in different banks
const ROW: u32 = CHUNK * PITCH;                     // a tile of keys; it serves as scratch between tiles
const SHARES: u32 = WORKGROUP / N;                  // invocations that share four columns of the values
const FOLD: u32 = 16u;                              // invocations that share a maximum or a sum over the block

// The block's scores, then its weights: a number for each of up to four heads.
var<workgroup> weights: array<vec4<f32>, BLOCK>;

// Keys in a block: `cached` of them in the cache from key `first` on, and behind them perhaps the newest.
struct Block { first: u32, cached: u32, count: u32, kv_head: u32 }

// One of the vec4 of a chunk. Keys and columns that are not there repeat the last.
fn fetched(block: Block, chunk: u32, u: u32) -> Raw {
    let j = min(u / CHUNK, block.count - 1u);
    let i = min(chunk * CHUNK + u % CHUNK, N - 1u);
    if (j >= block.cached) {
        return newest_key(i);
    }
    return raw_key(cached_at(block.first + j, block.kv_head), i);
}

fn put(chunk: u32, u: u32, raw: Raw) {
    let there = N % (2u * CHUNK) == 0u || chunk * CHUNK + u % CHUNK < N;
    row[u % CHUNK * PITCH + u / CHUNK] = select(vec4<f32>(0.0), unpacked(raw), there);
}

// The vec4 i of the query at place h; places behind the last repeat it.
fn query_at(h: u32, i: u32) -> vec4<f32> {
    return query[min(h, GROUP - 1u) * N + i];
}

// What an invocation loads of a chunk; the last again where there are no more.
struct Part { a: Raw, b: Raw }

fn fetched_part(block: Block, chunk: u32, local: u32) -> Part {
    let there = min(chunk, CHUNKS - 1u);
    return Part(fetched(block, there, local), fetched(block, there, local + WORKGROUP));
}

fn put_part(chunk: u32, part: Part, local: u32) {
    put(chunk, local, part.a);
    put(chunk, local + WORKGROUP, part.b);
}

// What the chunk in the tile adds to this invocation's half of the scores of key local % BLOCK.
fn chunk_scores(chunk: u32, local: u32) -> vec4<f32> {
    var scores = vec4<f32>(0.0);
    let begin = local / BLOCK * (CHUNK / 2u);
    for (var n = begin; n < begin + CHUNK / 2u; n += 1u) {
        let key = row[n * PITCH + local % BLOCK];
        let i = min(chunk * CHUNK + n, N - 1u);
        scores += vec4<f32>(dot(query_at(0u, i), key), dot(query_at(1u, i), key),
            dot(query_at(2u, i), key), dot(query_at(3u, i), key));
    }
    return scores;
}

// This invocation's half of the scores of key local % BLOCK. Two chunks are on their way while one is multiplied.
fn half_scores(block: Block, local: u32) -> vec4<f32> {
    var scores = vec4<f32>(0.0);
    var even = fetched_part(block, 0u, local);
    var odd = fetched_part(block, 1u, local);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 2u) {
        put_part(chunk, even, local);
        workgroupBarrier();
        even = fetched_part(block, chunk + 2u, local);
        scores += chunk_scores(chunk, local);
        workgroupBarrier();
        put_part(chunk + 1u, odd, local);
        workgroupBarrier();
        odd = fetched_part(block, chunk + 3u, local);
        scores += chunk_scores(chunk + 1u, local);
        workgroupBarrier();
    }
    return scores;
}

// Leaves the scores of the block in `weights`; those of keys that are not there are LOWEST. Gives each head's maximum.
fn score(block: Block, local: u32) -> vec4<f32> {
    row[local] = half_scores(block, local);
    workgroupBarrier();
    if (local < BLOCK) {
        weights[local] = select(vec4<f32>(LOWEST), row[local] + row[BLOCK + local], local < block.count);
    }
    workgroupBarrier();
    if (local < FOLD) {
        row[local] = max(max(weights[local], weights[local + FOLD]),
            max(weights[local + 2u * FOLD], weights[local + 3u * FOLD]));
    }
    workgroupBarrier();
    var top = row[0];
    for (var i = 1u; i < FOLD; i += 1u) {
        top = max(top, row[i]);
    }
    return top;
}

// Four columns of each head.
struct Values { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32> }

fn scaled(sum: Values, by: vec4<f32>) -> Values {
    return Values(sum.a * by.x, sum.b * by.y, sum.c * by.z, sum.d * by.w);
}

// Adds the value of the block's key j.
fn weighted(sum: Values, j: u32, value: vec4<f32>) -> Values {
    let w = weights[j];
    return Values(sum.a + w.x * value, sum.b + w.y * value, sum.c + w.z * value, sum.d + w.w * value);
}

// Adds the values of a block to this invocation's columns and share of the keys. Eight loads are in flight at a time.
fn valued(before: Values, block: Block, local: u32) -> Values {
    var sum = before;
    let column = local % N;
    let cached = select(0u, block.cached, local < SHARES * N);
    var j = local / N;
    for (; j + 7u * SHARES < cached; j += 8u * SHARES) {
        let a = raw_value(cached_at(block.first + j, block.kv_head), column);
        let b = raw_value(cached_at(block.first + j + SHARES, block.kv_head), column);
        let c = raw_value(cached_at(block.first + j + 2u * SHARES, block.kv_head), column);
        let d = raw_value(cached_at(block.first + j + 3u * SHARES, block.kv_head), column);
        let e = raw_value(cached_at(block.first + j + 4u * SHARES, block.kv_head), column);
        let f = raw_value(cached_at(block.first + j + 5u * SHARES, block.kv_head), column);
        let g = raw_value(cached_at(block.first + j + 6u * SHARES, block.kv_head), column);
        let h = raw_value(cached_at(block.first + j + 7u * SHARES, block.kv_head), column);
        sum = weighted(sum, j, unpacked(a));
        sum = weighted(sum, j + SHARES, unpacked(b));
        sum = weighted(sum, j + 2u * SHARES, unpacked(c));
        sum = weighted(sum, j + 3u * SHARES, unpacked(d));
        sum = weighted(sum, j + 4u * SHARES, unpacked(e));
        sum = weighted(sum, j + 5u * SHARES, unpacked(f));
        sum = weighted(sum, j + 6u * SHARES, unpacked(g));
        sum = weighted(sum, j + 7u * SHARES, unpacked(h));
    }
    for (; j < cached; j += SHARES) {
        sum = weighted(sum, j, unpacked(raw_value(cached_at(block.first + j, block.kv_head), column)));
    }
    if (block.cached < block.count && local < N) {
        sum = weighted(sum, block.count - 1u, newest_value(column));
    }
    return sum;
}

@compute @workgroup_size(WORKGROUP)
fn token_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let groups = (PER_KV + GROUP - 1u) / GROUP;
    let kv_head = group.x / groups;
    let first_head = kv_head * PER_KV + group.x % groups * GROUP;
    let split = group.y;
    let keys = seen();
    let share = split_keys(keys.last - keys.first);
    let begin = keys.first + split * share;
    if (begin >= keys.last) {
        return;
    }
    let end = min(begin + share, keys.last);
    prepare(first_head, kv_head, OWN && end == keys.last, group.x % groups == 0u, local);

    var top = vec4<f32>(LOWEST);
    var total = vec4<f32>(0.0);     // over a part of the keys, in the first FOLD invocations
    var sum = Values();
    for (var first = begin; first < end; first += BLOCK) {
        let count = min(BLOCK, end - first);
        let block = Block(first, count - u32(OWN && first + count == keys.last), count, kv_head);
        let before = top;
        top = max(before, score(block, local));
        let correction = exp(before - top);
        if (local < BLOCK) {
            weights[local] = exp(weights[local] - top);
        }
        workgroupBarrier();
        if (local < FOLD) {
            total = total * correction + (weights[local] + weights[local + FOLD])
                + (weights[local + 2u * FOLD] + weights[local + 3u * FOLD]);
        }
        sum = valued(scaled(sum, correction), block, local);
        workgroupBarrier();         // `weights` and `row` are written again in the next round
    }

    let heads = min(GROUP, (kv_head + 1u) * PER_KV - first_head);
    let at = split * HEADS + first_head;
    leave_partial(at, 0u, heads, sum.a, local);
    leave_partial(at, 1u, heads, sum.b, local);
    leave_partial(at, 2u, heads, sum.c, local);
    leave_partial(at, 3u, heads, sum.d, local);
    if (local < FOLD) {
        row[local] = total;
    }
    workgroupBarrier();
    if (local < heads) {
        var all = 0.0;
        for (var i = 0u; i < FOLD; i += 1u) {
            all += row[i][local];
        }
        sums[at + local] = vec2<f32>(top[local], all);
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
