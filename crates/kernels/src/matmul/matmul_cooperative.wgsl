// y = x W^T for the tokens of a chunk on matrix hardware. One workgroup of eight subgroups of 32 computes a tile of 128 tokens
// by 128 rows of W, walking its share of the columns in steps of 64; a subgroup computes 32 tokens by 64 rows as 2 by 4
// matrices of 16 x 16. Both operands go through workgroup memory as f16, in lines that are padded to 72 values so that
// neighbouring lines begin in different banks. The next step's operands are on their way while this one's are kept and
// multiplied.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;           // by the store
@group(0) @binding(2) var<uniform> step: Step;

const BLOCKS_PER_SPLIT = (BLOCKS + SPLITS - 1u) / SPLITS;
// Whether every step of every share has both of its blocks.
const WHOLE = BLOCKS % (2u * SPLITS) == 0u;
const LINE = 18u;           // vec4 in a line of a tile
const RESULT_LINE = 4u;     // vec4 in a line of results

var<workgroup> tile_w: array<vec4<f16>, 128u * LINE>;               // (128 rows, 72)
var<workgroup> tile_x: array<vec4<f16>, 128u * LINE>;               // (128 tokens, 72)
var<workgroup> results: array<vec4<f32>, 8u * 16u * RESULT_LINE>;   // (subgroup, 16 tokens, 16)

// Lines past the end repeat the last.
fn x_of(token: u32, column: u32) -> vec4<f16> {
    return x[min(token, step.rows - 1u) * BLOCKS * 8u + column];
}

fn eight_of_x(token: u32, column: u32) -> Eight {
    return Eight(x_of(token, column), x_of(token + 16u, column), x_of(token + 32u, column), x_of(token + 48u, column),
        x_of(token + 64u, column), x_of(token + 80u, column), x_of(token + 96u, column), x_of(token + 112u, column));
}

fn weights_of(block: Block, i: u32, factor: f32) -> Eight {
    let a = octet_of(block, i, 0u);
    let b = octet_of(block, i, 1u);
    let c = octet_of(block, i, 2u);
    let d = octet_of(block, i, 3u);
    return Eight(vec4<f16>(a.lo * factor), vec4<f16>(a.hi * factor), vec4<f16>(b.lo * factor), vec4<f16>(b.hi * factor),
        vec4<f16>(c.lo * factor), vec4<f16>(c.hi * factor), vec4<f16>(d.lo * factor), vec4<f16>(d.hi * factor));
}

@compute @workgroup_size(256)
fn matmul_cooperative(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let token0 = group.y * 128u;
    // Loading: an invocation brings a block of a row of W, the first or the second of the step, and four columns of eight tokens:
    // neighbours read what lies together.
    let second = local % 2u;
    let load_w = weight_row(group.x, local / 2u) * BLOCKS;
    let to_w = local / 2u * LINE + 8u * second;
    let load_column = local % 16u;
    let load_token = local / 16u;
    let to_x = load_token * LINE + load_column;
    // Computing: tokens 32 m .., rows 32 n .. and 64 + 32 n ...
    let m = subgroup / 2u;
    let n = subgroup % 2u;
    let from_x = 32u * m * LINE;
    let from_w = 32u * n * LINE;
    var c00 = Sums(); var c01 = Sums(); var c02 = Sums(); var c03 = Sums();
    var c10 = Sums(); var c11 = Sums(); var c12 = Sums(); var c13 = Sums();
    let first = group.z * BLOCKS_PER_SPLIT;
    let end = min(first + BLOCKS_PER_SPLIT, BLOCKS);
    // What is on its way, as it lies in memory; past the share's end its last block again, in whose place zeros are kept.
    let last = max(min(end, BLOCKS), 1u) - 1u;
    var w = block(load_w + min(first + second, last));
    var next_x = eight_of_x(token0 + load_token, min(8u * first + load_column, 8u * last + load_column % 8u));
    for (var b = first; b < end; b += 2u) {
        let i = load_w + min(b + second, last);
        let factor = select(0.0, 1.0, WHOLE | (b + second < end));
        let keeps_x = WHOLE | (8u * b + load_column < 8u * end);
        // The next step's loads begin as soon as there is room for what they bring, which is before anyone waits.
        let unpacked = weights_of(w, i, factor);
        w = block(load_w + min(b + 2u + second, last));
        workgroupBarrier();     // the previous tile has been read
        tile_w[to_w] = unpacked.a;
        tile_w[to_w + 1u] = unpacked.b;
        tile_w[to_w + 2u] = unpacked.c;
        tile_w[to_w + 3u] = unpacked.d;
        tile_w[to_w + 4u] = unpacked.e;
        tile_w[to_w + 5u] = unpacked.f;
        tile_w[to_w + 6u] = unpacked.g;
        tile_w[to_w + 7u] = unpacked.h;
        tile_x[to_x] = select(vec4<f16>(), next_x.a, keeps_x);
        tile_x[to_x + 16u * LINE] = select(vec4<f16>(), next_x.b, keeps_x);
        tile_x[to_x + 32u * LINE] = select(vec4<f16>(), next_x.c, keeps_x);
        tile_x[to_x + 48u * LINE] = select(vec4<f16>(), next_x.d, keeps_x);
        tile_x[to_x + 64u * LINE] = select(vec4<f16>(), next_x.e, keeps_x);
        tile_x[to_x + 80u * LINE] = select(vec4<f16>(), next_x.f, keeps_x);
        tile_x[to_x + 96u * LINE] = select(vec4<f16>(), next_x.g, keeps_x);
        tile_x[to_x + 112u * LINE] = select(vec4<f16>(), next_x.h, keeps_x);
        next_x = eight_of_x(token0 + load_token, min(8u * b + 16u + load_column, 8u * last + load_column % 8u));
        workgroupBarrier();
        for (var k = 0u; k < 16u; k += 4u) {
            let a0 = coopLoadT<Left>(&tile_x[from_x + k], LINE);
            let a1 = coopLoadT<Left>(&tile_x[from_x + 16u * LINE + k], LINE);
            let b0 = coopLoad<Right>(&tile_w[from_w + k], LINE);
            let b1 = coopLoad<Right>(&tile_w[from_w + 16u * LINE + k], LINE);
            let b2 = coopLoad<Right>(&tile_w[from_w + 64u * LINE + k], LINE);
            let b3 = coopLoad<Right>(&tile_w[from_w + 80u * LINE + k], LINE);
            c00 = coopMultiplyAdd(a0, b0, c00);
            c01 = coopMultiplyAdd(a0, b1, c01);
            c02 = coopMultiplyAdd(a0, b2, c02);
            c03 = coopMultiplyAdd(a0, b3, c03);
            c10 = coopMultiplyAdd(a1, b0, c10);
            c11 = coopMultiplyAdd(a1, b1, c11);
            c12 = coopMultiplyAdd(a1, b2, c12);
            c13 = coopMultiplyAdd(a1, b3, c13);
        }
    }
    let mine = subgroup * 16u * RESULT_LINE;
    let token = token0 + 32u * m;
    leave(c00, c02, group, token, 8u * n, mine, lane);
    leave(c01, c03, group, token, 8u * n + 4u, mine, lane);
    leave(c10, c12, group, token + 16u, 8u * n, mine, lane);
    leave(c11, c13, group, token + 16u, 8u * n + 4u, mine, lane);
}

// Stores sixteen tokens by sixteen rows from the vec4 `a` on and by the sixteen that are 64 further, by way of `mine`.
fn leave(low: Sums, high: Sums, group: vec3<u32>, token: u32, a: u32, mine: u32, lane: u32) {
    let column = lane % 4u;
    let i = lane / 4u;
    let at = mine + i * RESULT_LINE + column;
    coopStoreT(low, &results[mine], RESULT_LINE);
    workgroupBarrier();
    let low0 = results[at];
    let low1 = results[at + 8u * RESULT_LINE];
    workgroupBarrier();
    coopStoreT(high, &results[mine], RESULT_LINE);
    workgroupBarrier();
    let scale0 = scale_of_x(token + i);
    let scale1 = scale_of_x(token + i + 8u);
    store(group, token + i, a + column, low0 * scale0, results[at] * scale0);
    store(group, token + i + 8u, a + column, low1 * scale1, results[at + 8u * RESULT_LINE] * scale1);
    workgroupBarrier();
}
