// x as it is, read where it lies: for rows that are too long for workgroup memory.
@group(0) @binding(INPUT) var<storage, read> x: array<vec4<f32>>;               // (COLUMNS)

fn stage(group: u32, local: u32) -> f32 {
    return 1.0;
}

fn input(b: u32) -> Columns {
    return input32(0u, b);
}
