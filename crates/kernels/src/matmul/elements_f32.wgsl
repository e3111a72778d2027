// Tiles of f32, x and the weights as they are.
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;           // (T, COLUMNS)

alias Element = f32;

fn stored(weights: Octet) -> Octet {
    return weights;
}

fn row_scale(token: u32) -> f32 {
    return 1.0;
}
