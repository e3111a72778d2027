// x as shared/packed_row.wgsl leaves it.
@group(0) @binding(INPUT) var<storage, read> x: array<vec4<u32>, 3u * SIXTEENS>;               // (3, COLUMNS / 16) vec4

const SIXTEENS = COLUMNS / 16u;

fn stage(group: u32, local: u32) -> f32 {
    return 1.0;
}

fn input(b: u32) -> Columns {
    let i = 2u * b;
    let first = bitcast<vec2<f32>>(x[2u * SIXTEENS + i].xy);
    let last = bitcast<vec2<f32>>(x[2u * SIXTEENS + i + 1u].xy);
    return Columns(x[i], x[SIXTEENS + i], x[i + 1u], x[SIXTEENS + i + 1u],
        vec2<f32>(first.x, last.x), vec2<f32>(first.y, last.y));
}
