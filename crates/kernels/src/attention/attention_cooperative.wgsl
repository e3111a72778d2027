// Attention of a prompt on matrix hardware. One workgroup of eight subgroups of 32 computes 32 query rows, two tiles of sixteen:
// sixteen tokens of two heads that share a key and value head, or 32 tokens of one. It walks the keys in blocks of 64. For the
// scores each subgroup takes one tile of rows and sixteen keys, for the weighted values both tiles and an eighth of the columns.
// All operands go through workgroup memory as f16; the next are on their way while some are multiplied.
//
// A row's sums are relative to a maximum that follows the scores only when they exceed it by more than SLACK: what has been
// summed up lies in matrices, whose rows cannot be scaled where they are.
@group(0) @binding(0) var<storage, read> q: array<vec4<f16>>;           // (T, HEADS, HEAD_DIM), as half_rows leaves it
@group(0) @binding(1) var<storage, read> q_scales: array<f32>;          // (T)
@group(0) @binding(2) var<storage, read> k_cache: array<vec4<f16>>;     // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(3) var<storage, read> v_cache: array<vec4<f16>>;     // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(4) var<uniform> step: Step;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;     // (T, HEADS, HEAD_DIM)

const N = HEAD_DIM / 4u;                // vec4 in a head
const SHARERS = HEADS / KV_HEADS;       // query heads of a key and value head
const TILES = SHARERS / HEADS_PER_TILE;
const KEYS = 64u;
const CHUNKS = HEAD_DIM / 128u;         // of 128 columns, in which keys and queries are brought; also a subgroup's tiles of values
const VALUE_KEYS = 8192u / HEAD_DIM;    // whose values are brought at once
// Lines in workgroup memory are padded so that neighbouring ones begin in different banks; lengths in vec4.
const LINE = 34u;
const VALUE_LINE = N + 2u;
const SCORE_LINE = 17u;
const WEIGHT_LINE = 18u;
const RESULT_LINE = 5u;
// exp(SLACK) is far inside the range of f16.
const SLACK = 8.0;

var<workgroup> tile_q: array<vec4<f16>, 32u * LINE>;            // (32 rows, 136)
var<workgroup> tile_kv: array<vec4<f16>, KEYS * LINE>;          // (KEYS, 136), or (VALUE_KEYS, HEAD_DIM + 8)
// (32 rows, 68 keys); when the weights are made, sums on their way to be scaled: (subgroup, 16 rows, 20 columns).
var<workgroup> scores: array<vec4<f32>, 8u * 16u * RESULT_LINE>;
var<workgroup> weights: array<vec4<f16>, 32u * WEIGHT_LINE>;    // (32 rows, 72 keys)
var<workgroup> factors: array<f32, 32>;                         // of rows
var<workgroup> risen: array<u32, 8>;                            // by subgroup, whether a row's maximum has changed

// Tokens behind the step's last see nothing.
fn sees(token: u32, keys: vec4<u32>) -> vec4<bool> {
    return (keys >= vec4<u32>(first_of(token))) & (keys <= vec4<u32>(step.position + token)) & vec4<bool>(token < step.rows);
}

@compute @workgroup_size(256)
fn attention_cooperative(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let kv_head = group.x / TILES;
    let head0 = kv_head * SHARERS + group.x % TILES * HEADS_PER_TILE;
    let token0 = group.y * (32u / HEADS_PER_TILE);
    // From the first tile of rows to the second.
    let next_token = 16u * (2u - HEADS_PER_TILE);
    let next_head = HEADS_PER_TILE - 1u;
    let first = first_of(token0);
    let end = step.position + min(token0 + 32u / HEADS_PER_TILE, step.rows);   // behind the last key that any row sees
    // Loading: four columns of every eighth row or key.
    let load_column = local % 32u;
    let load_line = local / 32u;
    let to = load_line * LINE + load_column;
    let load_head = kv_head * N + load_column;
    let q0 = min(token0 + load_line, step.rows - 1u) * HEADS * N + head0 * N + load_column;
    let q1 = min(token0 + load_line + 8u, step.rows - 1u) * HEADS * N + head0 * N + load_column;
    let q2 = min(token0 + next_token + load_line, step.rows - 1u) * HEADS * N + (head0 + next_head) * N + load_column;
    let q3 = min(token0 + next_token + load_line + 8u, step.rows - 1u) * HEADS * N + (head0 + next_head) * N + load_column;
    // Scores: a tile of rows and sixteen keys of each block.
    let m = subgroup / 4u;
    let n = subgroup % 4u;
    // Weights: eight keys of a row.
    let row = subgroup * 4u + lane / 8u;
    let part = lane % 8u;
    let token = token0 + row / 16u * next_token + row % 16u;
    let scale = q_scales[min(token, step.rows - 1u)];
    var top = LOWEST;
    var total = 0.0;
    // Values: columns from the vec4 `column` on.
    let column = subgroup * (N / 8u);
    var c00 = Sums(); var c01 = Sums(); var c02 = Sums(); var c03 = Sums();
    var c10 = Sums(); var c11 = Sums(); var c12 = Sums(); var c13 = Sums();

    let begin = first / KEYS * KEYS;
    var next_k = eight_keys(begin + load_line, first, end - 1u, load_head);
    var next_q = Four(q[q0], q[q1], q[q2], q[q3]);
    for (var block = begin; block < end; block += KEYS) {
        var sums = Sums();
        for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
            workgroupBarrier();     // what was in the tiles has been read
            keep_keys(to, next_k);
            tile_q[to] = next_q.a;
            tile_q[to + 8u * LINE] = next_q.b;
            tile_q[to + 16u * LINE] = next_q.c;
            tile_q[to + 24u * LINE] = next_q.d;
            workgroupBarrier();
            // Behind the last chunk comes the next block's first.
            let follows = chunk + 1u < CHUNKS;
            let shift = select(0u, 32u * (chunk + 1u), follows);
            next_k = eight_keys(select(block + KEYS, block, follows) + load_line, first, end - 1u, load_head + shift);
            next_q = Four(q[q0 + shift], q[q1 + shift], q[q2 + shift], q[q3 + shift]);
            for (var k = 0u; k < 32u; k += 4u) {
                let a = coopLoadT<Left>(&tile_q[16u * m * LINE + k], LINE);
                let b = coopLoad<Right>(&tile_kv[16u * n * LINE + k], LINE);
                sums = coopMultiplyAdd(a, b, sums);
            }
        }
        // The first values are on their way while weights are made.
        var next_v = eight_values(block, local, first, end, kv_head);
        coopStoreT(sums, &scores[m * 16u * SCORE_LINE + n * 4u], SCORE_LINE);
        workgroupBarrier();

        let keys = vec4<u32>(block + 8u * part) + vec4<u32>(0u, 1u, 2u, 3u);
        let sees_low = sees(token, keys);
        let sees_high = sees(token, keys + 4u);
        let low = scores[row * SCORE_LINE + 2u * part] * scale;
        let high = scores[row * SCORE_LINE + 2u * part + 1u] * scale;
        var next = max(largest(select(vec4<f32>(LOWEST), low, sees_low)), largest(select(vec4<f32>(LOWEST), high, sees_high)));
        for (var other = 4u; other > 0u; other /= 2u) {
            next = max(next, subgroupShuffleXor(next, other));
        }
        let rises = next > top + SLACK;
        let factor = select(1.0, exp(top - next), rises);
        top = select(top, next, rises);
        let w_low = vec4<f16>(select(vec4<f32>(), exp(low - top), sees_low));
        let w_high = vec4<f16>(select(vec4<f32>(), exp(high - top), sees_high));
        weights[row * WEIGHT_LINE + 2u * part] = w_low;
        weights[row * WEIGHT_LINE + 2u * part + 1u] = w_high;
        var sum = dot(vec4<f32>(w_low) + vec4<f32>(w_high), vec4<f32>(1.0));
        for (var other = 4u; other > 0u; other /= 2u) {
            sum += subgroupShuffleXor(sum, other);
        }
        total = total * factor + sum;
        if (part == 0u) {
            factors[row] = factor;
        }
        let any_rises = subgroupAny(rises);
        if (lane == 0u) {
            risen[subgroup] = u32(any_rises);
        }
        let by_subgroup = workgroupUniformLoad(&risen);
        let any = by_subgroup[0] + by_subgroup[1] + by_subgroup[2] + by_subgroup[3]
            + by_subgroup[4] + by_subgroup[5] + by_subgroup[6] + by_subgroup[7];
        // Nothing has been summed up before the first block.
        if ((any != 0u) & (block > first)) {
            c00 = scaled(c00, 0u, subgroup, lane);
            c10 = scaled(c10, 16u, subgroup, lane);
            if (CHUNKS > 1u) {
                c01 = scaled(c01, 0u, subgroup, lane);
                c11 = scaled(c11, 16u, subgroup, lane);
            }
            if (CHUNKS > 2u) {
                c02 = scaled(c02, 0u, subgroup, lane);
                c12 = scaled(c12, 16u, subgroup, lane);
                c03 = scaled(c03, 0u, subgroup, lane);
                c13 = scaled(c13, 16u, subgroup, lane);
            }
        }
        for (var key = 0u; key < KEYS; key += VALUE_KEYS) {
            if (key > 0u) {
                workgroupBarrier();     // the last values have been read
            }
            keep_values(local, next_v);
            workgroupBarrier();
            next_v = eight_values(block + min(key + VALUE_KEYS, KEYS - VALUE_KEYS), local, first, end, kv_head);
            for (var k = 0u; k < VALUE_KEYS; k += 16u) {
                let a0 = coopLoadT<Left>(&weights[(key + k) / 4u], WEIGHT_LINE);
                let a1 = coopLoadT<Left>(&weights[16u * WEIGHT_LINE + (key + k) / 4u], WEIGHT_LINE);
                let b0 = coopLoadT<Right>(&tile_kv[k * VALUE_LINE + column], VALUE_LINE);
                c00 = coopMultiplyAdd(a0, b0, c00);
                c10 = coopMultiplyAdd(a1, b0, c10);
                if (CHUNKS > 1u) {
                    let b1 = coopLoadT<Right>(&tile_kv[k * VALUE_LINE + column + 4u], VALUE_LINE);
                    c01 = coopMultiplyAdd(a0, b1, c01);
                    c11 = coopMultiplyAdd(a1, b1, c11);
                }
                if (CHUNKS > 2u) {
                    let b2 = coopLoadT<Right>(&tile_kv[k * VALUE_LINE + column + 8u], VALUE_LINE);
                    let b3 = coopLoadT<Right>(&tile_kv[k * VALUE_LINE + column + 12u], VALUE_LINE);
                    c02 = coopMultiplyAdd(a0, b2, c02);
                    c12 = coopMultiplyAdd(a1, b2, c12);
                    c03 = coopMultiplyAdd(a0, b3, c03);
                    c13 = coopMultiplyAdd(a1, b3, c13);
                }
            }
        }
    }
    if (part == 0u) {
        factors[row] = 1.0 / total;
    }
    workgroupBarrier();
    let token1 = token0 + next_token;
    let head1 = head0 + next_head;
    leave(c00, 0u, token0, head0, column, subgroup, lane);
    leave(c10, 16u, token1, head1, column, subgroup, lane);
    if (CHUNKS > 1u) {
        leave(c01, 0u, token0, head0, column + 4u, subgroup, lane);
        leave(c11, 16u, token1, head1, column + 4u, subgroup, lane);
    }
    if (CHUNKS > 2u) {
        leave(c02, 0u, token0, head0, column + 8u, subgroup, lane);
        leave(c12, 16u, token1, head1, column + 8u, subgroup, lane);
        leave(c03, 0u, token0, head0, column + 12u, subgroup, lane);
        leave(c13, 16u, token1, head1, column + 12u, subgroup, lane);
    }
}
