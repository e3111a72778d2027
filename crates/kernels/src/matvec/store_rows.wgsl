// Row r goes to y[OUT_OFFSET + r], in the order of shared/interleaved.wgsl.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;                   // (.., OUT_OFFSET + ROWS, ..)

const UNIT_ROWS = 2u;
const SECOND_PAIR = 0u;

fn store_row(row: u32, value: f32) {
    if (row < ROWS) {
        y[interleaved(OUT_OFFSET + row)] = value;
    }
}

fn store(unit: u32, sum: vec4<f32>) {
    let row = unit * 2u;
    store_row(row, sum.x);
    store_row(row + 1u, sum.y);
}

fn after_tile(tile: u32, local: u32) {}

fn finish(group: u32, local: u32) {}
