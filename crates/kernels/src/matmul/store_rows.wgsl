// Row r of token t goes to y[t * OUT_STRIDE + OUT_OFFSET + r]; with SPLITS > 1, the sum over split s of the columns to the
// same place of part s.
fn weight_row(group: u32, line: u32) -> u32 {
    return min(group * 128u + line, ROWS - 1u);
}

fn store4(out: u32, row: u32, v: vec4<f32>) {
    if (row < ROWS) {
        y[out + row] = v.x;
    }
    if (row + 1u < ROWS) {
        y[out + row + 1u] = v.y;
    }
    if (row + 2u < ROWS) {
        y[out + row + 2u] = v.z;
    }
    if (row + 3u < ROWS) {
        y[out + row + 3u] = v.w;
    }
}

// Rows 4 a .. of the tile in `lo`, rows 64 + 4 a .. in `hi`.
fn store(group: vec3<u32>, token: u32, a: u32, lo: vec4<f32>, hi: vec4<f32>) {
    if (token >= step.rows) {
        return;
    }
    let out = (group.z * step.rows + token) * OUT_STRIDE + OUT_OFFSET;
    let row = group.x * 128u + 4u * a;
    store4(out, row, lo);
    store4(out, row + 64u, hi);
}
