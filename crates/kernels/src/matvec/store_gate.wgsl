// Row r is a gate: y[r] = gelu(row r) * up[UP_OFFSET + r].
@group(0) @binding(1) var<storage, read_write> y: array<f32>;                   // (ROWS), interleaved
@group(0) @binding(2) var<storage, read> up: array<f32>;                        // (.., UP_OFFSET + ROWS, ..)

const UNIT_ROWS = 4u;
const SECOND_PAIR = 2u;

fn store_row(row: u32, gate: f32) {
    if (row < ROWS) {
        y[interleaved(OUT_OFFSET + row)] = gate * up[UP_OFFSET + row];
    }
}

fn store(unit: u32, sum: vec4<f32>) {
    let gates = gelu(sum);
    let row = unit * 4u;
    store_row(row, gates.x);
    store_row(row + 1u, gates.y);
    store_row(row + 2u, gates.z);
    store_row(row + 3u, gates.w);
}

fn finish(group: u32, local: u32) {}
