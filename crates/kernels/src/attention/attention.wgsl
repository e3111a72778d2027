// One workgroup of 256 computes ROWS query rows, which are TOKENS tokens by HEADS_PER_TILE of the heads that share a key and
// value head, over blocks of 64 keys: the block's scores (two rows by four keys per invocation), softmax weights with a
// running maximum and sum per row, then the weighted values (eight rows by four columns per invocation). Gemma 4 scales no
// scores.
@group(0) @binding(0) var<storage, read> q: array<vec4<f32>>;               // (T, HEADS, HEAD_DIM)
@group(0) @binding(1) var<storage, read> k_cache: array<Kv>;                // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(2) var<storage, read> v_cache: array<Kv>;                // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(3) var<uniform> step: Step;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;         // (T, HEADS, HEAD_DIM)

const N = HEAD_DIM / 4u;            // vec4 in a head
const SHARERS = HEADS / KV_HEADS;   // query heads of a key and value head
const TILES = (SHARERS + HEADS_PER_TILE - 1u) / HEADS_PER_TILE;
const CHUNKS = (N + 3u) / 4u;       // of sixteen columns
const KEYS = 64u;

// Sixteen columns of the block's keys; between scores and values, the maxima and sums of each row's sixteen invocations.
var<workgroup> tile_k: array<vec4<f32>, 4u * KEYS>;
var<workgroup> tile_q: array<vec4<f32>, 4u * ROWS>;
var<workgroup> weights: array<vec4<f32>, KEYS * ROWS / 4u>;     // (KEYS, ROWS)
var<workgroup> tops: array<f32, ROWS>;
var<workgroup> next_tops: array<f32, ROWS>;
var<workgroup> totals: array<f32, ROWS>;
var<workgroup> corrections: array<f32, ROWS>;

// Where four columns of a key lie: neighbouring keys are read together and must lie in different banks.
fn place(key: u32, part: u32) -> u32 {
    return key * 4u + (part ^ (key / 2u % 4u));
}

// The larger of a row's maximum so far and those of its sixteen invocations.
fn top_of(row: u32) -> f32 {
    let at = row * 4u;
    return max(tops[row], max(max(largest(tile_k[at]), largest(tile_k[at + 1u])),
        max(largest(tile_k[at + 2u]), largest(tile_k[at + 3u]))));
}

fn sees(token: u32, keys: vec4<u32>) -> vec4<bool> {
    return (keys >= vec4<u32>(first_of(token))) & (keys <= vec4<u32>(step.position + token));
}

// The largest of a row's four scores that count.
fn top_of_seen(token: u32, keys: vec4<u32>, scores: vec4<f32>) -> f32 {
    return largest(select(vec4<f32>(LOWEST), scores, sees(token, keys)));
}

// The weights of a row's four scores; keys that it does not see weigh nothing.
fn weigh(token: u32, keys: vec4<u32>, scores: vec4<f32>, top: f32) -> vec4<f32> {
    return select(vec4<f32>(0.0), exp(scores - top), sees(token, keys));
}

fn keep_weights(row: u32, key: u32, w: vec4<f32>) {
    let at = key * (ROWS / 4u) + row / 4u;
    weights[at][row % 4u] = w.x;
    weights[at + 4u * ROWS][row % 4u] = w.y;
    weights[at + 8u * ROWS][row % 4u] = w.z;
    weights[at + 12u * ROWS][row % 4u] = w.w;
}

@compute @workgroup_size(256)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let kv_head = group.x / TILES;
    let sharer0 = group.x % TILES * HEADS_PER_TILE;
    let token0 = group.y * TOKENS;
    let end = step.position + min(token0 + TOKENS, step.rows);     // behind the last key that any row sees
    if (local < ROWS) {
        tops[local] = LOWEST;
        totals[local] = 0.0;
    }
    // Loading: four columns of one key, and of one row where there are so many. What is past the end repeats the last.
    let load_key = local / 4u;
    let load_part = local % 4u;
    let load_row = local / 4u;
    let load_token = min(token0 + load_row / HEADS_PER_TILE, step.rows - 1u);
    let load_head = kv_head * SHARERS + min(sharer0 + load_row % HEADS_PER_TILE, SHARERS - 1u);
    let from_q = (load_token * HEADS + load_head) * N;
    // Scores: rows `row` and, if there are more than sixteen, row + 16; keys `key` + 16 j of the block.
    let key = local % 16u;
    let row = local / 16u;
    let token_a = token0 + row / HEADS_PER_TILE;
    let token_b = token0 + (row + 16u) / HEADS_PER_TILE;
    // Values: rows 8 `eight` .., columns 4 `column` ...
    let column = local % N;
    let eight = local / N;
    var o = Sums();

    // Blocks begin at multiples of KEYS, so that a token's sums do not depend on the tokens beside it. What a row does not see
    // weighs nothing; for what no row sees, which may be gone from the cache, the nearest key stands.
    let first = first_of(token0);
    for (var block = first / KEYS * KEYS; block < end; block += KEYS) {
        let from_k = cached_at(clamp(block + load_key, first, end - 1u), kv_head);
        var a = vec4<f32>();    // scores of `row`
        var b = vec4<f32>();    // scores of `row` + 16
        // The next chunk is on its way while one is multiplied.
        var next_k = raw_key(from_k, min(load_part, N - 1u));
        var next_q = vec4<f32>();
        if (local < 4u * ROWS) {
            next_q = q[from_q + min(load_part, N - 1u)];
        }
        for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
            let here = chunk * 4u + load_part < N;
            workgroupBarrier();     // what was in the tiles has been read
            tile_k[place(load_key, load_part)] = select(vec4<f32>(), unpacked(next_k), here);
            if (local < 4u * ROWS) {
                tile_q[local] = select(vec4<f32>(), next_q, here);
            }
            workgroupBarrier();
            let unit = min(chunk * 4u + 4u + load_part, N - 1u);
            next_k = raw_key(from_k, unit);
            if (local < 4u * ROWS) {
                next_q = q[from_q + unit];
            }
            for (var c = 0u; c < 4u; c += 1u) {
                let k0 = tile_k[place(key, c)];
                let k1 = tile_k[place(key + 16u, c)];
                let k2 = tile_k[place(key + 32u, c)];
                let k3 = tile_k[place(key + 48u, c)];
                let qa = tile_q[row * 4u + c];
                a += vec4<f32>(dot(qa, k0), dot(qa, k1), dot(qa, k2), dot(qa, k3));
                if (ROWS > 16u) {
                    let qb = tile_q[(row + 16u) * 4u + c];
                    b += vec4<f32>(dot(qb, k0), dot(qb, k1), dot(qb, k2), dot(qb, k3));
                }
            }
        }
        // The first values are on their way while weights are made, and the next while some are added.
        var next_v = raw_values(block, first, end - 1u, kv_head, column);
        let keys = vec4<u32>(block + key) + vec4<u32>(0u, 16u, 32u, 48u);
        workgroupBarrier();         // the last keys have been read
        tile_k[row * 4u + key / 4u][key % 4u] = top_of_seen(token_a, keys, a);
        if (ROWS > 16u) {
            tile_k[(row + 16u) * 4u + key / 4u][key % 4u] = top_of_seen(token_b, keys, b);
        }
        workgroupBarrier();
        let top_a = top_of(row);
        let weight_a = weigh(token_a, keys, a, top_a);
        keep_weights(row, key, weight_a);
        tile_k[(row + ROWS) * 4u + key / 4u][key % 4u] = dot(weight_a, vec4<f32>(1.0));
        if (key == 0u) {
            corrections[row] = exp(tops[row] - top_a);
            next_tops[row] = top_a;
        }
        if (ROWS > 16u) {
            let top_b = top_of(row + 16u);
            let weight_b = weigh(token_b, keys, b, top_b);
            keep_weights(row + 16u, key, weight_b);
            tile_k[(row + 16u + ROWS) * 4u + key / 4u][key % 4u] = dot(weight_b, vec4<f32>(1.0));
            if (key == 0u) {
                corrections[row + 16u] = exp(tops[row + 16u] - top_b);
                next_tops[row + 16u] = top_b;
            }
        }
        workgroupBarrier();
        if (local < ROWS) {
            let at = (local + ROWS) * 4u;
            let sums = tile_k[at] + tile_k[at + 1u] + tile_k[at + 2u] + tile_k[at + 3u];
            totals[local] = totals[local] * corrections[local] + dot(sums, vec4<f32>(1.0));
            tops[local] = next_tops[local];
        }
        if (eight < ROWS / 8u) {
            o = corrected(o, eight * 8u);
            for (var j = 0u; j < min(KEYS, end - block); j += 8u) {
                let v = next_v;
                next_v = raw_values(block + min(j + 8u, KEYS - 8u), first, end - 1u, kv_head, column);
                o = with_eight(o, j, eight, v);
            }
        }
    }
    workgroupBarrier();
    if (eight < ROWS / 8u) {
        leave(kv_head, sharer0, token0, eight * 8u, column, o.a);
        leave(kv_head, sharer0, token0, eight * 8u + 1u, column, o.b);
        leave(kv_head, sharer0, token0, eight * 8u + 2u, column, o.c);
        leave(kv_head, sharer0, token0, eight * 8u + 3u, column, o.d);
        leave(kv_head, sharer0, token0, eight * 8u + 4u, column, o.e);
        leave(kv_head, sharer0, token0, eight * 8u + 5u, column, o.f);
        leave(kv_head, sharer0, token0, eight * 8u + 6u, column, o.g);
        leave(kv_head, sharer0, token0, eight * 8u + 7u, column, o.h);
    }
}

fn leave(kv_head: u32, sharer0: u32, token0: u32, row: u32, column: u32, sum: vec4<f32>) {
    let token = token0 + row / HEADS_PER_TILE;
    let sharer = sharer0 + row % HEADS_PER_TILE;
    if (row < TOKENS * HEADS_PER_TILE && token < step.rows && sharer < SHARERS) {
        y[(token * HEADS + kv_head * SHARERS + sharer) * N + column] = sum / totals[row];
    }
}
