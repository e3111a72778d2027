// y = x W^T for the tokens of a chunk. One workgroup of 256 computes a tile of 64 tokens by 64 rows of W, four by four
// per invocation, walking the columns in steps of 32: both operands are brought to workgroup memory first (16 KiB).
// Column group c of line l is kept at l * 8 + (c ^ (l % 8)), so that neither stores nor loads collide in a bank.
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;           // (T, COLUMNS)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;           // (T, OUT_STRIDE), rows at OUT_OFFSET
@group(0) @binding(3) var<uniform> step: Step;

var<workgroup> tile_w: array<vec4<f32>, 512>;      // (64 rows, 32 columns / 4)
var<workgroup> tile_x: array<vec4<f32>, 512>;      // (64 tokens, 32 columns / 4)

@compute @workgroup_size(256)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row0 = group.x * 64u;
    let token0 = group.y * 64u;
    // Loading: an invocation brings eight columns of one row and of one token. Lines past the end repeat the last one.
    let line = local / 4u;
    let part = local % 4u;
    let load_row = min(row0 + line, ROWS - 1u);
    let load_token = min(token0 + line, step.rows - 1u);
    let to_lo = line * 8u + ((part * 2u) ^ (line % 8u));
    let to_hi = line * 8u + ((part * 2u + 1u) ^ (line % 8u));
    // Computing: rows my_row + 16 i, tokens my_token + 16 j.
    let my_row = local % 16u;
    let my_token = local / 16u;
    var y0 = vec4<f32>(0.0);    // token j = 0, component i
    var y1 = vec4<f32>(0.0);
    var y2 = vec4<f32>(0.0);
    var y3 = vec4<f32>(0.0);
    for (var b = 0u; b < BLOCKS; b += 1u) {
        let w = octet(load_row, b * 4u + part);
        let x_lo = input4(load_token, b * 8u + part * 2u);
        let x_hi = input4(load_token, b * 8u + part * 2u + 1u);
        workgroupBarrier();     // the previous tile has been read
        tile_w[to_lo] = w.lo;
        tile_w[to_hi] = w.hi;
        tile_x[to_lo] = x_lo;
        tile_x[to_hi] = x_hi;
        workgroupBarrier();
        for (var c = 0u; c < 8u; c += 1u) {
            let at_w = my_row * 8u + (c ^ (my_row % 8u));
            let at_x = my_token * 8u + (c ^ (my_token % 8u));
            let w0 = tile_w[at_w];
            let w1 = tile_w[at_w + 128u];
            let w2 = tile_w[at_w + 256u];
            let w3 = tile_w[at_w + 384u];
            let x0 = tile_x[at_x];
            let x1 = tile_x[at_x + 128u];
            let x2 = tile_x[at_x + 256u];
            let x3 = tile_x[at_x + 384u];
            y0 += vec4<f32>(dot(w0, x0), dot(w1, x0), dot(w2, x0), dot(w3, x0));
            y1 += vec4<f32>(dot(w0, x1), dot(w1, x1), dot(w2, x1), dot(w3, x1));
            y2 += vec4<f32>(dot(w0, x2), dot(w1, x2), dot(w2, x2), dot(w3, x2));
            y3 += vec4<f32>(dot(w0, x3), dot(w1, x3), dot(w2, x3), dot(w3, x3));
        }
    }
    store(token0 + my_token, row0 + my_row, y0);
    store(token0 + my_token + 16u, row0 + my_row, y1);
    store(token0 + my_token + 32u, row0 + my_row, y2);
    store(token0 + my_token + 48u, row0 + my_row, y3);
}

fn store(token: u32, row: u32, values: vec4<f32>) {
    if (token >= step.rows) {
        return;
    }
    let out = token * OUT_STRIDE + OUT_OFFSET;
    if (row < ROWS) {
        y[out + row] = values.x;
    }
    if (row + 16u < ROWS) {
        y[out + row + 16u] = values.y;
    }
    if (row + 32u < ROWS) {
        y[out + row + 32u] = values.z;
    }
    if (row + 48u < ROWS) {
        y[out + row + 48u] = values.w;
    }
}
