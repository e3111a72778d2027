// x in the order of shared/interleaved.wgsl, which invocations that read neighbouring blocks read in one piece.
@group(0) @binding(INPUT) var<storage, read> x: array<vec4<f32>, COLUMNS / 4u>;               // (8, COLUMNS / 32) vec4

fn stage(group: u32, local: u32) -> f32 {
    return 1.0;
}

fn input(b: u32) -> Columns {
    return columns_of(x[b], x[BLOCKS + b], x[2u * BLOCKS + b], x[3u * BLOCKS + b],
        x[4u * BLOCKS + b], x[5u * BLOCKS + b], x[6u * BLOCKS + b], x[7u * BLOCKS + b]);
}
