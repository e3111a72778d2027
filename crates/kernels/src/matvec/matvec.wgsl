// y = W x for one token. A unit of LANES invocations shares two or four rows and walks their blocks of 32 columns side by
// side, so that each 16-byte load of weights is next to its neighbour's and what is read of x serves all of them. One workgroup
// computes TILES times WORKGROUP / LANES units, one after the other.
//
// An input_*.wgsl file says where x comes from: `stage` prepares it and returns a factor for the results, `input(b)`
// gives a block. A store_*.wgsl file says where results go, and which rows are a unit's: UNIT_ROWS rows lie between
// units, and the second pair of rows lies SECOND_PAIR rows behind the first (0: there is none). `after_tile` and `finish` are called by all.
@compute @workgroup_size(WORKGROUP)
fn matvec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let factor = stage(group.x, local);
    for (var tile = 0u; tile < TILES; tile += 1u) {
        let unit = (group.x * TILES + tile) * (WORKGROUP / LANES) + local / LANES;
        // Rows past the end repeat the last one; their sums are not stored.
        let row = min(vec4<u32>(unit * UNIT_ROWS) + vec4<u32>(0u, 1u, SECOND_PAIR, SECOND_PAIR + 1u), vec4<u32>(ROWS - 1u));
        var sum = vec4<f32>(0.0);
        for (var b = local % LANES; b < BLOCKS; b += LANES) {
            let v = input(b);
            let first = vec2<f32>(product(row.x, b, v), product(row.y, b, v));
            if (SECOND_PAIR == 0u) {
                sum += vec4<f32>(first, 0.0, 0.0);
            } else {
                sum += vec4<f32>(first, product(row.z, b, v), product(row.w, b, v));
            }
        }
        sum = lanes_sum(sum, local);
        if (local % LANES == 0u) {
            store(unit, sum * factor);
        }
        after_tile(group.x * TILES + tile, local);
    }
    finish(group.x, local);
}
