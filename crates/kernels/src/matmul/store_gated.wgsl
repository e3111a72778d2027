// W is ROWS / 2 gates and then as many ups; y[t, r] = gelu(gate r) * up r, y (T, ROWS / 2). A tile has 64 gates and their ups.
fn weight_row(group: u32, line: u32) -> u32 {
    let row = min(group * 64u + line % 64u, ROWS / 2u - 1u);
    return select(row, row + ROWS / 2u, line >= 64u);
}

// Gates 4 a .. of the tile in `lo`, their ups in `hi`.
fn store(group: vec3<u32>, token: u32, a: u32, lo: vec4<f32>, hi: vec4<f32>) {
    if (token >= step.rows) {
        return;
    }
    let row = group.x * 64u + 4u * a;
    let gated = gelu(lo) * hi;
    let out = token * (ROWS / 2u) + row;
    if (row < ROWS / 2u) {
        y[out] = gated.x;
    }
    if (row + 1u < ROWS / 2u) {
        y[out + 1u] = gated.y;
    }
    if (row + 2u < ROWS / 2u) {
        y[out + 2u] = gated.z;
    }
    if (row + 3u < ROWS / 2u) {
        y[out + 3u] = gated.w;
    }
}
