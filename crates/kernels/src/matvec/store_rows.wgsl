// Row r goes to y[OUT_OFFSET + r].
@group(0) @binding(1) var<storage, read_write> y: array<f32>;                   // (.., OUT_OFFSET + ROWS, ..)

const UNIT_ROWS = 4u;
const SECOND_PAIR = 2u;

fn store_row(row: u32, value: f32) {
    if (row < ROWS) {
        y[OUT_OFFSET + row] = value;
    }
}

fn store(unit: u32, sum: vec4<f32>) {
    let row = unit * 4u;
    store_row(row, sum.x);
    store_row(row + 1u, sum.y);
    store_row(row + 2u, sum.z);
    store_row(row + 3u, sum.w);
}

fn after_tile(tile: u32, local: u32) {}

fn finish(group: u32, local: u32) {}
