// Sums over a row's TAKERS invocations, through workgroup memory.
const TAKERS_ALL: u32 = (GROUP + 2u) * TAKERS;

var<workgroup> squares: array<f32, TAKERS_ALL>;

fn row_sum(value: f32, r: u32, local: u32) -> f32 {
    if (local < TAKERS_ALL) {
        squares[local] = value;
    }
    workgroupBarrier();
    var sum = 0.0;
    if (local < TAKERS_ALL) {
        for (var i = 0u; i < TAKERS; i += 1u) {
            sum += squares[r * TAKERS + i];
        }
    }
    return sum;
}
