// One workgroup leaves what it joined as f32 for the output projection.
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;         // (HEADS, HEAD_DIM), interleaved

fn leave(i: u32, local: u32, value: vec4<f32>) {
    if (i < HEADS * HEAD_DIM / 4u) {
        y[interleaved4(i)] = value;
    }
}
