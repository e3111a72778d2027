// y = x W^T for the tokens of a chunk on matrix hardware. One workgroup of eight subgroups of 32 computes a tile of 128 tokens
// by 128 rows of W, walking its share of the columns in steps of 32; a subgroup computes 32 tokens by 64 rows as 2 by 4
// matrices of 16 x 16. Both operands go through workgroup memory as f16, in lines that are padded to 40 values so that
// neighbouring lines begin in different banks. The next step's operands are on their way while this one's are multiplied.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;           // by the store
@group(0) @binding(2) var<uniform> step: Step;

const BLOCKS_PER_SPLIT = (BLOCKS + SPLITS - 1u) / SPLITS;
const LINE = 10u;           // vec4 in a line of a tile
const RESULT_LINE = 9u;     // vec4 in a line of results

var<workgroup> tile_w: array<vec4<f16>, 128u * LINE>;               // (128 rows, 40)
var<workgroup> tile_x: array<vec4<f16>, 128u * LINE>;               // (128 tokens, 40)
var<workgroup> results: array<vec4<f32>, 8u * 16u * RESULT_LINE>;   // (subgroup, 16 tokens, 36)

alias Left = coop_mat16x16<f16, A>;
alias Right = coop_mat16x16<f16, B>;
alias Sums = coop_mat16x16<f32, C>;

@compute @workgroup_size(256)
fn matmul_cooperative(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let token0 = group.y * 128u;
    // Loading: an invocation brings half a block of one row and of one token. Lines past the end repeat the last.
    let half = local % 2u;
    let load_w = weight_row(group.x, local / 2u) * BLOCKS;
    let load_x = min(token0 + local / 2u, step.rows - 1u) * BLOCKS * 8u + 4u * half;
    let to = local / 2u * LINE + 4u * half;
    // Computing: tokens 32 m .., rows 32 n .. and 64 + 32 n ...
    let m = subgroup / 2u;
    let n = subgroup % 2u;
    let from_x = 32u * m * LINE;
    let from_w = 32u * n * LINE;
    var c00 = Sums(); var c01 = Sums(); var c02 = Sums(); var c03 = Sums();
    var c10 = Sums(); var c11 = Sums(); var c12 = Sums(); var c13 = Sums();
    let first = group.z * BLOCKS_PER_SPLIT;
    let end = min(first + BLOCKS_PER_SPLIT, BLOCKS);
    // What is on its way, as it lies in memory. A share without columns brings the last, multiplies nothing and leaves zeros.
    let begin = min(first, BLOCKS - 1u);
    var w = block(load_w + begin);
    var x0 = x[load_x + 8u * begin];
    var x1 = x[load_x + 8u * begin + 1u];
    var x2 = x[load_x + 8u * begin + 2u];
    var x3 = x[load_x + 8u * begin + 3u];
    for (var b = first; b < end; b += 1u) {
        let w0 = octet_of(w, load_w + b, 2u * half);
        let w1 = octet_of(w, load_w + b, 2u * half + 1u);
        workgroupBarrier();     // the previous tile has been read
        tile_w[to] = vec4<f16>(w0.lo);
        tile_w[to + 1u] = vec4<f16>(w0.hi);
        tile_w[to + 2u] = vec4<f16>(w1.lo);
        tile_w[to + 3u] = vec4<f16>(w1.hi);
        tile_x[to] = x0;
        tile_x[to + 1u] = x1;
        tile_x[to + 2u] = x2;
        tile_x[to + 3u] = x3;
        workgroupBarrier();
        // The last step brings itself again.
        let next = min(b + 1u, end - 1u);
        w = block(load_w + next);
        x0 = x[load_x + 8u * next];
        x1 = x[load_x + 8u * next + 1u];
        x2 = x[load_x + 8u * next + 2u];
        x3 = x[load_x + 8u * next + 3u];
        for (var k = 0u; k < 8u; k += 4u) {
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
    // Sixteen tokens by sixteen rows and the sixteen that are 64 further, one such pair after the other.
    let mine = subgroup * 16u * RESULT_LINE;
    let token = token0 + 32u * m;
    coopStoreT(c00, &results[mine], RESULT_LINE);
    coopStoreT(c02, &results[mine + 4u], RESULT_LINE);
    workgroupBarrier();
    leave(group, token, 8u * n, mine, lane);
    workgroupBarrier();
    coopStoreT(c01, &results[mine], RESULT_LINE);
    coopStoreT(c03, &results[mine + 4u], RESULT_LINE);
    workgroupBarrier();
    leave(group, token, 8u * n + 4u, mine, lane);
    workgroupBarrier();
    coopStoreT(c10, &results[mine], RESULT_LINE);
    coopStoreT(c12, &results[mine + 4u], RESULT_LINE);
    workgroupBarrier();
    leave(group, token + 16u, 8u * n, mine, lane);
    workgroupBarrier();
    coopStoreT(c11, &results[mine], RESULT_LINE);
    coopStoreT(c13, &results[mine + 4u], RESULT_LINE);
    workgroupBarrier();
    leave(group, token + 16u, 8u * n + 4u, mine, lane);
}

// Stores sixteen tokens by two times sixteen rows that a subgroup left at `place`; `a` is the place of the first rows in vec4.
fn leave(group: vec3<u32>, token: u32, a: u32, place: u32, lane: u32) {
    let column = lane % 4u;
    for (var i = lane / 4u; i < 16u; i += 8u) {
        let at = place + i * RESULT_LINE + column;
        let scale = scale_of_x(token + i);
        store(group, token + i, a + column, results[at] * scale, results[at + 4u] * scale);
    }
}
