// x = rms(h) * next. The factor 1 / rms belongs to all columns and is left to the results.
@group(0) @binding(INPUT) var<storage, read> h: array<vec4<f32>>;               // (COLUMNS)
@group(0) @binding(INPUT + 1u) var<storage, read> next: array<vec4<f32>>;       // (COLUMNS)

fn stage(group: u32, local: u32) -> f32 {
    var squares = 0.0;
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        let v = h[i];
        squares += dot(v, v);
        staged[slot(i)] = v * next[i];
    }
    clear_tail(local);
    // Its barriers publish `staged` too.
    return inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
}
