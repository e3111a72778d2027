// x in workgroup memory, in the order in which it is read: the eight vec4 of a block lie STRIDE apart, so that
// neighbouring invocations, which read neighbouring blocks, never meet in a bank. An odd STRIDE does the same for writing.
const STRIDE = BLOCKS | 1u;

var<workgroup> staged: array<vec4<f32>, 8u * STRIDE>;

fn slot(i: u32) -> u32 {
    return (i % 8u) * STRIDE + i / 8u;
}

// Weights past COLUMNS are zeros, and zero times what was left in memory must be zero.
fn clear_tail(local: u32) {
    if (COLUMNS % 32u != 0u && local < BLOCKS * 8u - COLUMNS / 4u) {
        staged[slot(COLUMNS / 4u + local)] = vec4<f32>(0.0);
    }
}

fn input(b: u32) -> Columns {
    return columns_of(staged[b], staged[STRIDE + b], staged[2u * STRIDE + b], staged[3u * STRIDE + b],
        staged[4u * STRIDE + b], staged[5u * STRIDE + b], staged[6u * STRIDE + b], staged[7u * STRIDE + b]);
}
