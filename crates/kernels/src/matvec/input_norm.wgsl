// x = rms(h) * next. The factor 1 / rms belongs to all columns and is left to the results.
@group(0) @binding(INPUT) var<storage, read> h: array<vec4<f32>, COLUMNS / 4u>;               // (COLUMNS)
@group(0) @binding(INPUT + 1u) var<storage, read> next: array<vec4<f32>, COLUMNS / 4u>;       // (COLUMNS)

fn stage(group: u32, local: u32) -> f32 {
    var squares = 0.0;
    for (var s = local; s < COLUMNS / 16u; s += WORKGROUP) {
        let i = s * 4u;
        let v = Sixteen(h[i], h[i + 1u], h[i + 2u], h[i + 3u]);
        squares += dot(v.a, v.a) + dot(v.b, v.b) + dot(v.c, v.c) + dot(v.d, v.d);
        put(s, Sixteen(v.a * next[i], v.b * next[i + 1u], v.c * next[i + 2u], v.d * next[i + 3u]));
    }
    // Its barriers publish what was put, too.
    return inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
}
