// h' = (h + rms(result) * post) * scale is the residual after a block; `weighted` and `factor` make x of it. Every workgroup
// computes all of h', which costs less than a dispatch of its own; `keep` lets the first one store it.
@group(0) @binding(INPUT) var<storage, read> h: array<vec4<f32>>;               // (COLUMNS)
@group(0) @binding(INPUT + 1u) var<storage, read> result: array<vec4<f32>>;     // (COLUMNS)
@group(0) @binding(INPUT + 2u) var<storage, read> post: array<vec4<f32>>;       // (COLUMNS)
@group(0) @binding(INPUT + 3u) var<storage, read> scale: array<f32>;            // (1)

fn added(i: u32, inverse: f32) -> vec4<f32> {
    return (h[i] + result[i] * inverse * post[i]) * scale[0];
}

fn stage(group: u32, local: u32) -> f32 {
    var squares = 0.0;
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        let v = result[i];
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    squares = 0.0;
    for (var s = local; s < COLUMNS / 16u; s += WORKGROUP) {
        let i = s * 4u;
        let v = Sixteen(added(i, inverse), added(i + 1u, inverse), added(i + 2u, inverse), added(i + 3u, inverse));
        keep(group, i, v);
        squares += dot(v.a, v.a) + dot(v.b, v.b) + dot(v.c, v.c) + dot(v.d, v.d);
        put(s, weighted(v, i));
    }
    // Its barriers publish what was put, too.
    return factor(workgroup_sum(squares, local));
}
