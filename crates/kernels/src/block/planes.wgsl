// The planes of a matrix (see weight.rs), bound as one buffer, and what is read from planes of f16 numbers.
@group(0) @binding(0) var<storage, read> weights: Weights;

// The word that holds the i-th f16 of a plane of f16 numbers, and the number in it.
fn half_word(plane: u32, i: u32) -> u32 {
    return weights[plane + i / 8u][(i / 2u) % 4u];
}

fn half_of(word: u32, i: u32) -> f32 {
    let pair = unpack2x16float(word);
    return select(pair.x, pair.y, (i & 1u) == 1u);
}
