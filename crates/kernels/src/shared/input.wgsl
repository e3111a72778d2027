// Reading the right-hand side of a product in blocks of 32 columns. Rows of float weights are padded to 32 columns
// with zeros; what would be read past COLUMNS is replaced by zeros so that no NaN of a neighbour gets in.
fn input4(row: u32, i: u32) -> vec4<f32> {
    if (COLUMNS % 32u != 0u && i >= COLUMNS / 4u) {
        return vec4<f32>(0.0);
    }
    return x[row * (COLUMNS / 4u) + i];
}

fn input32(row: u32, b: u32) -> Columns {
    let i = b * 8u;
    return columns_of(input4(row, i), input4(row, i + 1u), input4(row, i + 2u), input4(row, i + 3u),
        input4(row, i + 4u), input4(row, i + 5u), input4(row, i + 6u), input4(row, i + 7u));
}
