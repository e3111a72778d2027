// Results as packed integers: a tile's results, which are whole sixteens, meet in workgroup memory. RESULTS is a multiple
// of 32.
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;             // (3, RESULTS / 16) vec4

const OUT_SIXTEENS = RESULTS / 16u;
const TILE_RESULTS = WORKGROUP / LANES * UNIT_ROWS;

var<workgroup> left: array<f32, TILE_RESULTS>;

fn leave(i: u32, value: f32) {
    left[i % TILE_RESULTS] = value;
}

fn left4(i: u32) -> vec4<f32> {
    return vec4<f32>(left[i], left[i + 1u], left[i + 2u], left[i + 3u]);
}

fn after_tile(tile: u32, local: u32) {
    workgroupBarrier();
    let sixteen = tile * (TILE_RESULTS / 16u) + local;
    if (local < TILE_RESULTS / 16u && sixteen < OUT_SIXTEENS) {
        let i = local * 16u;
        leave_sixteen(sixteen, Sixteen(left4(i), left4(i + 4u), left4(i + 8u), left4(i + 12u)));
    }
    if (TILES > 1u) {
        workgroupBarrier();     // the next tile's results take the places of those that were read
    }
}
