// x = rms(h') * next; the factor 1 / rms belongs to all columns and is left to the results.
@group(0) @binding(NEXT) var<storage, read> next: array<vec4<f32>, COLUMNS / 4u>;       // (COLUMNS)

fn weights_at(i: u32) -> Sixteen {
    return Sixteen(next[i], next[i + 1u], next[i + 2u], next[i + 3u]);
}

fn factor(squares: f32, local: u32) -> f32 {
    return inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
}
