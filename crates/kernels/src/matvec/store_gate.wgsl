// Row r is a gate: y[r] = gelu(row r) * up[UP_OFFSET + r].
@group(0) @binding(2) var<storage, read> up: array<f32>;                        // (.., UP_OFFSET + ROWS, ..)

const UNIT_ROWS = 4u;
const SECOND_PAIR = 2u;
const RESULTS = ROWS;

fn store(unit: u32, sum: vec4<f32>) {
    let gates = gelu(sum);
    let row = unit * 4u;
    leave(row, gates.x * up_at(row));
    leave(row + 1u, gates.y * up_at(row + 1u));
    leave(row + 2u, gates.z * up_at(row + 2u));
    leave(row + 3u, gates.w * up_at(row + 3u));
}

// Rows past the end read the last one's; they are not stored.
fn up_at(row: u32) -> f32 {
    return up[UP_OFFSET + min(row, ROWS - 1u)];
}

fn finish(group: u32, local: u32) {}
