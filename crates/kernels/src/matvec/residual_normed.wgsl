// x = rms(h') * next; the factor 1 / rms belongs to all columns and is left to the results.
@group(0) @binding(NEXT) var<storage, read> next: array<vec4<f32>>;       // (COLUMNS)

fn weighted(v: vec4<f32>, i: u32) -> vec4<f32> {
    return v * next[i];
}

fn factor(squares: f32) -> f32 {
    return inverseSqrt(squares / f32(COLUMNS) + EPSILON);
}
