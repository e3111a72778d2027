// h' = (h + rms(result) * post) * scale is the residual after a block; `weighted` and `factor` make x of it. Every workgroup
// computes all of h', which costs less than a dispatch of its own; `keep` lets the first one store it.
@group(0) @binding(INPUT) var<storage, read> h: array<vec4<f32>>;               // (COLUMNS)
@group(0) @binding(INPUT + 1u) var<storage, read> result: array<vec4<f32>>;     // (COLUMNS)
@group(0) @binding(INPUT + 2u) var<storage, read> post: array<vec4<f32>>;       // (COLUMNS)
@group(0) @binding(INPUT + 3u) var<storage, read> scale: array<f32>;            // (1)

fn stage(group: u32, local: u32) -> f32 {
    var squares = 0.0;
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        let v = result[i];
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    squares = 0.0;
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        let v = (h[i] + result[i] * inverse * post[i]) * scale[0];
        keep(group, i, v);
        squares += dot(v, v);
        staged[slot(i)] = weighted(v, i);
    }
    clear_tail(local);
    // Its barriers publish `staged` too.
    return factor(workgroup_sum(squares, local));
}
