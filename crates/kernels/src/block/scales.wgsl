// The (scale, offset) of block i: weight = scale * n + offset. A format's file says what is read of them (`scale_bits`) and
// what that means (`scale_of`).
fn scale_and_offset(i: u32) -> vec2<f32> {
    return scale_of(scale_bits(i), i);
}
