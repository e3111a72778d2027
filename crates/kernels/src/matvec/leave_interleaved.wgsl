// Results in the order of shared/interleaved.wgsl.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;                   // (.., OUT_OFFSET + RESULTS, ..)

fn leave(i: u32, value: f32) {
    if (i < RESULTS) {
        y[interleaved(OUT_OFFSET + i)] = value;
    }
}

fn after_tile(tile: u32, local: u32) {}
