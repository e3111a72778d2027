// Reading the right-hand side of a product in blocks of 32 columns. Rows of float weights are padded to 32 columns
// with zeros; what would be read past COLUMNS is replaced by zeros so that no NaN of a neighbour gets in.
fn input4(row: u32, i: u32) -> vec4<f32> {
    if (COLUMNS % 32u != 0u && i >= COLUMNS / 4u) {
        return vec4<f32>(0.0);
    }
    return x[row * (COLUMNS / 4u) + i];
}

struct Input32 { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32> }

fn input32(row: u32, b: u32) -> Input32 {
    let i = b * 8u;
    return Input32(input4(row, i), input4(row, i + 1u), input4(row, i + 2u), input4(row, i + 3u),
        input4(row, i + 4u), input4(row, i + 5u), input4(row, i + 6u), input4(row, i + 7u));
}

fn dot32(w: Block32, v: Input32) -> f32 {
    return dot(w.a.lo, v.a) + dot(w.a.hi, v.b) + dot(w.b.lo, v.c) + dot(w.b.hi, v.d)
        + dot(w.c.lo, v.e) + dot(w.c.hi, v.f) + dot(w.d.lo, v.g) + dot(w.d.hi, v.h);
}
