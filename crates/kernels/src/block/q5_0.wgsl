// Q5_0: plane 0 holds the low 4 bits of 32 numbers n per block, plane 2 their fifth bits as one word per block,
// plane 1 one f16 scale d: weight = d * (n - 16).

fn scale_and_offset(i: u32) -> vec2<f32> {
    let d = half_at(PLANE1, i);
    return vec2<f32>(d, -16.0 * d);
}
