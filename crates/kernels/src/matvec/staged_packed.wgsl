// x in workgroup memory as packed integers: the first and the last sixteen of every block apart, so that neighbouring
// invocations, which read neighbouring blocks, never meet in a bank.
var<workgroup> staged_hi: array<vec4<u32>, 2u * BLOCKS>;
var<workgroup> staged_lo: array<vec4<u32>, 2u * BLOCKS>;
var<workgroup> staged_scale: array<vec2<f32>, 2u * BLOCKS>;     // scale, sum

fn put(sixteen: u32, v: Sixteen) {
    let at = (sixteen % 2u) * BLOCKS + sixteen / 2u;
    let p = packed(v);
    staged_hi[at] = p.hi;
    staged_lo[at] = p.lo;
    staged_scale[at] = vec2<f32>(p.scale, p.sum);
}

fn input(b: u32) -> Columns {
    let first = staged_scale[b];
    let last = staged_scale[BLOCKS + b];
    return Columns(staged_hi[b], staged_lo[b], staged_hi[BLOCKS + b], staged_lo[BLOCKS + b],
        vec2<f32>(first.x, last.x), vec2<f32>(first.y, last.y));
}
