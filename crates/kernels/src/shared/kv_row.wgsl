// A head on its way to the cache. All of it must be here before it is packed, since blocks may have scales.
// ROW is at least HEAD_DIM / 4.
var<workgroup> row: array<vec4<f32>, ROW>;

// The largest magnitude of the block of 32 values that unit i belongs to, where blocks have scales.
fn row_top(i: u32) -> f32 {
    var top = 0.0;
    if (KV_SCALES) {
        let first = i / 8u * 8u;
        for (var j = first; j < first + 8u; j += 1u) {
            let v = abs(row[j]);
            top = max(top, max(max(v.x, v.y), max(v.z, v.w)));
        }
    }
    return top;
}
