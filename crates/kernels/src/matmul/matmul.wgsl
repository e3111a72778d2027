// y = x W^T for the tokens of a chunk. One workgroup of 128 computes a tile of 64 tokens by 128 rows of W, eight by eight
// per invocation, walking its share of the columns in steps of 16. Both operands go through workgroup memory (12 KiB as f32),
// column by column, so that an invocation reads its eight tokens and eight rows of a column in four loads. The next step's
// operands are on their way while this one's are multiplied. Products and sums are f32, whatever the tiles hold.
//
// An elements_*.wgsl file says what that is and how x comes: `Element`, `input4(row, i)`, `stored(octet)` for weights on their
// way to the tile, `row_scale(token)` for sums on their way out.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;           // by the store
@group(0) @binding(2) var<uniform> step: Step;

// Rounds of 16 columns, and those of one share, which is whole blocks.
const STEPS = 2u * BLOCKS;
const STEPS_PER_SPLIT = 2u * ((BLOCKS + SPLITS - 1u) / SPLITS);

var<workgroup> tile_w: array<vec4<Element>, 512>;      // (16 columns, 128 rows / 4)
var<workgroup> tile_x: array<vec4<Element>, 256>;      // (16 columns, 64 tokens / 4), tokens of columns 8 .. 15 in other places

// Eight columns of a line to the tile: line l of column k is component l % 4 of element k * lines / 4 + l / 4.
fn put_w(column: u32, line: u32, weights: Octet) {
    let v = stored(weights);
    let at = column * 32u + line / 4u;
    let c = line % 4u;
    tile_w[at][c] = Element(v.lo.x);
    tile_w[at + 32u][c] = Element(v.lo.y);
    tile_w[at + 64u][c] = Element(v.lo.z);
    tile_w[at + 96u][c] = Element(v.lo.w);
    tile_w[at + 128u][c] = Element(v.hi.x);
    tile_w[at + 160u][c] = Element(v.hi.y);
    tile_w[at + 192u][c] = Element(v.hi.z);
    tile_w[at + 224u][c] = Element(v.hi.w);
}

fn put_x(column: u32, line: u32, lo: vec4<Element>, hi: vec4<Element>) {
    let at = column * 16u + line / 4u;
    let c = line % 4u;
    tile_x[at][c] = lo.x;
    tile_x[at + 16u][c] = lo.y;
    tile_x[at + 32u][c] = lo.z;
    tile_x[at + 48u][c] = lo.w;
    tile_x[at + 64u][c] = hi.x;
    tile_x[at + 80u][c] = hi.y;
    tile_x[at + 96u][c] = hi.z;
    tile_x[at + 112u][c] = hi.w;
}

@compute @workgroup_size(128)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let token0 = group.y * 64u;
    // Loading: an invocation brings sixteen columns of one row and eight of one token. Lines past the end repeat the last.
    let load_row = weight_row(group.x, local);
    let token = local / 2u;
    let half = local % 2u;
    let load_token = min(token0 + token, step.rows - 1u);
    // Moving a half's tokens by sixteen keeps the stores of both halves out of each other's memory banks.
    let to_token = token ^ (16u * half);
    // Computing: rows 4 a .. and 64 + 4 a .., tokens 4 b .. and 32 + 4 b ... A subgroup of 32 covers 8 a by 4 b.
    let a = local % 8u + 8u * (local / 32u % 2u);
    let b = local / 8u % 4u + 4u * (local / 64u);
    // Sums: tokens 0 .. 7 of the invocation, the first (l) and last (h) four rows.
    var l0 = vec4<f32>(); var l1 = vec4<f32>(); var l2 = vec4<f32>(); var l3 = vec4<f32>();
    var l4 = vec4<f32>(); var l5 = vec4<f32>(); var l6 = vec4<f32>(); var l7 = vec4<f32>();
    var h0 = vec4<f32>(); var h1 = vec4<f32>(); var h2 = vec4<f32>(); var h3 = vec4<f32>();
    var h4 = vec4<f32>(); var h5 = vec4<f32>(); var h6 = vec4<f32>(); var h7 = vec4<f32>();
    let first = group.z * STEPS_PER_SPLIT;
    let end = min(first + STEPS_PER_SPLIT, STEPS);
    // What is on its way, as it lies in memory. A share without columns brings the last, multiplies nothing and leaves zeros.
    let begin = min(first, STEPS - 1u);
    var w = block(load_row * BLOCKS + begin / 2u);
    var x_lo = input4(load_token, 4u * begin + 2u * half);
    var x_hi = input4(load_token, 4u * begin + 2u * half + 1u);
    for (var s = first; s < end; s += 1u) {
        let i = load_row * BLOCKS + s / 2u;
        let n = s % 2u * 2u;
        workgroupBarrier();     // the previous tile has been read
        put_w(0u, local, octet_of(w, i, n));
        put_w(8u, local, octet_of(w, i, n + 1u));
        put_x(8u * half, to_token, x_lo, x_hi);
        workgroupBarrier();
        // The last step brings itself again.
        let next = min(s + 1u, end - 1u);
        if (n != 0u) {
            w = block(load_row * BLOCKS + next / 2u);
        }
        x_lo = input4(load_token, 4u * next + 2u * half);
        x_hi = input4(load_token, 4u * next + 2u * half + 1u);
        for (var k = 0u; k < 16u; k += 1u) {
            let at_x = k * 16u + (b ^ (k / 8u * 4u));
            let wl = vec4<f32>(tile_w[k * 32u + a]);
            let wh = vec4<f32>(tile_w[k * 32u + 16u + a]);
            let xl = vec4<f32>(tile_x[at_x]);
            let xh = vec4<f32>(tile_x[at_x + 8u]);
            l0 += xl.x * wl; l1 += xl.y * wl; l2 += xl.z * wl; l3 += xl.w * wl;
            l4 += xh.x * wl; l5 += xh.y * wl; l6 += xh.z * wl; l7 += xh.w * wl;
            h0 += xl.x * wh; h1 += xl.y * wh; h2 += xl.z * wh; h3 += xl.w * wh;
            h4 += xh.x * wh; h5 += xh.y * wh; h6 += xh.z * wh; h7 += xh.w * wh;
        }
    }
    let mine = token0 + 4u * b;
    leave(group, mine, a, l0, h0);
    leave(group, mine + 1u, a, l1, h1);
    leave(group, mine + 2u, a, l2, h2);
    leave(group, mine + 3u, a, l3, h3);
    leave(group, mine + 32u, a, l4, h4);
    leave(group, mine + 33u, a, l5, h5);
    leave(group, mine + 34u, a, l6, h6);
    leave(group, mine + 35u, a, l7, h7);
}

fn leave(group: vec3<u32>, token: u32, a: u32, lo: vec4<f32>, hi: vec4<f32>) {
    let scale = row_scale(token);
    store(group, token, a, scale * lo, scale * hi);
}
