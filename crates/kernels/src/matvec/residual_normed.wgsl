// x = rms(h') * next; the factor 1 / rms belongs to all columns and is left to the results.
@group(0) @binding(NEXT) var<storage, read> next: array<vec4<f32>>;       // (COLUMNS)

fn weighted(v: Sixteen, i: u32) -> Sixteen {
    return Sixteen(v.a * next[i], v.b * next[i + 1u], v.c * next[i + 2u], v.d * next[i + 3u]);
}

fn factor(squares: f32) -> f32 {
    return inverseSqrt(squares / f32(COLUMNS) + EPSILON);
}
