// The planes of a matrix (see weight.rs), bound as one buffer, and what is read from planes of f16 numbers.
@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;

// The i-th f16 of a plane of f16 numbers.
fn half_at(plane: u32, i: u32) -> f32 {
    let pair = unpack2x16float(weights[plane + i / 8u][(i / 2u) % 4u]);
    return select(pair.x, pair.y, (i & 1u) == 1u);
}

// The i-th pair of f16 numbers (scale, offset) of a plane.
fn half_pair_at(plane: u32, i: u32) -> vec2<f32> {
    return unpack2x16float(weights[plane + i / 4u][i % 4u]);
}
