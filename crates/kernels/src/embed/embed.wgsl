// One invocation writes eight columns of one row: y[t] = SCALE * W[ids[t]], for the tokens whose row lies in this part
// of the table (rows FIRST_ROW .. FIRST_ROW + ROWS).
@group(0) @binding(1) var<storage, read> ids: array<u32>;               // (T)
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;     // (T, COLUMNS)

@compute @workgroup_size(WORKGROUP)
fn embed(@builtin(global_invocation_id) id: vec3<u32>) {
    let o = id.x;
    let row = ids[id.y] - FIRST_ROW;   // wraps for rows before this part, so one comparison serves both ends
    if (row >= ROWS || o * 8u >= COLUMNS) {
        return;
    }
    let i = row * BLOCKS + o / 4u;
    let w = octet_of(block(i), i, o % 4u);
    let out = id.y * (COLUMNS / 4u) + o * 2u;
    y[out] = SCALE * w.lo;
    if (o * 8u + 4u < COLUMNS) {
        y[out + 1u] = SCALE * w.hi;
    }
}
