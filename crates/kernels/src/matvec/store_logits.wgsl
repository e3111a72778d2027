// Rows are logits: y[OUT_OFFSET + r] = CAP * tanh(row r / CAP) (as it is where CAP is 0), and each workgroup leaves its
// largest one with its index as a candidate for argmax.wgsl; shared/candidate.wgsl says what stands for broken values.
@group(0) @binding(1) var<storage, read_write> y: array<f32>;                   // (.., OUT_OFFSET + ROWS, ..)
@group(0) @binding(2) var<storage, read_write> candidates: array<vec2<u32>>;    // (.., CANDIDATE_OFFSET + workgroups, ..)

const UNIT_ROWS = 4u;
const SECOND_PAIR = 2u;
const UNITS = WORKGROUP / LANES;

var<private> best = Candidate(LOWEST, NONE);
var<workgroup> best_values: array<f32, UNITS>;
var<workgroup> best_indices: array<u32, UNITS>;

fn store_row(row: u32, value: f32) {
    if (row >= ROWS) {
        return;
    }
    var logit = value;
    // What is not finite stays as it is, so that a broken model is noticed: the clamp would make an ordinary logit of it.
    if (CAP != 0.0 && (bitcast<u32>(value) & 0x7fffffffu) < 0x7f800000u) {
        // tanh is 1 to the last bit beyond 10; the clamp keeps drivers that build it from exp() away from inf / inf.
        logit = CAP * tanh(clamp(value / CAP, -10.0, 10.0));
    }
    y[OUT_OFFSET + row] = logit;
    best = better(best, candidate(logit, OUT_OFFSET + row));
}

fn store(unit: u32, sum: vec4<f32>) {
    let row = unit * 4u;
    store_row(row, sum.x);
    store_row(row + 1u, sum.y);
    store_row(row + 2u, sum.z);
    store_row(row + 3u, sum.w);
}

fn after_tile(tile: u32, local: u32) {}

fn finish(group: u32, local: u32) {
    if (local % LANES == 0u) {
        best_values[local / LANES] = best.value;
        best_indices[local / LANES] = best.index;
    }
    workgroupBarrier();
    if (local == 0u) {
        for (var i = 1u; i < UNITS; i += 1u) {
            best = better(best, Candidate(best_values[i], best_indices[i]));
        }
        candidates[CANDIDATE_OFFSET + group] = vec2<u32>(bitcast<u32>(best.value), best.index);
    }
}
