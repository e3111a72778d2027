// y = W x for one token. A unit of LANES invocations shares two or four rows and walks their blocks of 32 columns side by
// side, so that each 16-byte load of weights is next to its neighbour's and what is read of x serves all of them. One workgroup
// computes TILES times WORKGROUP / LANES units, one after the other. The first blocks are on their way while x is prepared, and
// the next while sums are taken.
//
// An input_*.wgsl file says where x comes from: `stage` prepares it and returns a factor for the results, `input(b)`
// gives a block. A store_*.wgsl file says where results go, and which rows are a unit's: UNIT_ROWS rows lie between
// units, and the second pair of rows lies SECOND_PAIR rows behind the first (0: there is none). `after_tile` and `finish` are called by all.
const TILE_UNITS: u32 = WORKGROUP / LANES;

// Rows of a unit. Those past the end repeat the last one; their sums are not stored.
fn rows_of(unit: u32) -> vec4<u32> {
    return min(vec4<u32>(unit * UNIT_ROWS) + vec4<u32>(0u, 1u, SECOND_PAIR, SECOND_PAIR + 1u), vec4<u32>(ROWS - 1u));
}

// A block of each row of a unit.
struct Blocks { a: Block, b: Block, c: Block, d: Block }

fn fetched(rows: vec4<u32>, b: u32) -> Blocks {
    let i = rows * BLOCKS + min(b, BLOCKS - 1u);
    if (SECOND_PAIR == 0u) {
        return Blocks(block(i.x), block(i.y), Block(), Block());
    }
    return Blocks(block(i.x), block(i.y), block(i.z), block(i.w));
}

fn products(blocks: Blocks, rows: vec4<u32>, b: u32, v: Columns) -> vec4<f32> {
    let i = rows * BLOCKS + b;
    let first = vec2<f32>(product(blocks.a, i.x, v), product(blocks.b, i.y, v));
    if (SECOND_PAIR == 0u) {
        return vec4<f32>(first, 0.0, 0.0);
    }
    return vec4<f32>(first, product(blocks.c, i.z, v), product(blocks.d, i.w, v));
}

@compute @workgroup_size(WORKGROUP)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_unit = group.x * TILES * TILE_UNITS + local / LANES;
    let lane = local % LANES;
    var blocks = fetched(rows_of(first_unit), lane);
    let factor = stage(group.x, local);
    for (var tile = 0u; tile < TILES; tile += 1u) {
        let unit = first_unit + tile * TILE_UNITS;
        let rows = rows_of(unit);
        var sum = vec4<f32>(0.0);
        for (var b = lane; b < BLOCKS; b += LANES) {
            sum += products(blocks, rows, b, input(b));
            let more = b + LANES < BLOCKS;
            if (more || TILES > 1u) {
                blocks = fetched(rows_of(select(unit + TILE_UNITS, unit, more)), select(lane, b + LANES, more));
            }
        }
        sum = lanes_sum(sum, local);
        if (lane == 0u) {
            store(unit, sum * factor);
        }
        after_tile(group.x * TILES + tile, local);
    }
    finish(group.x, local);
}
