// The attended values as f32 for the output projection. All invocations call `leave`; those that are `here` have a value.
@group(0) @binding(Y) var<storage, read_write> y: array<vec4<f32>>;         // (HEADS, HEAD_DIM), interleaved

fn leave(i: u32, local: u32, here: bool, value: vec4<f32>) {
    if (here) {
        y[interleaved4(i)] = value;
    }
}
