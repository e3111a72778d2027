// x as half_rows leaves it.
@group(0) @binding(3) var<storage, read> x: array<vec4<f16>>;           // (T, 32 BLOCKS)
@group(0) @binding(4) var<storage, read> row_scales: array<f32>;        // (T)

// Rows past the end repeat the last one's; they are not stored.
fn scale_of_x(token: u32) -> f32 {
    return row_scales[min(token, step.rows - 1u)];
}
