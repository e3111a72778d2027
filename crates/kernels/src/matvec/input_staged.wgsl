// x as it is.
@group(0) @binding(INPUT) var<storage, read> x: array<vec4<f32>, COLUMNS / 4u>;               // (COLUMNS)

fn stage(group: u32, local: u32) -> f32 {
    for (var s = local; s < COLUMNS / 16u; s += WORKGROUP) {
        let i = s * 4u;
        put(s, Sixteen(x[i], x[i + 1u], x[i + 2u], x[i + 3u]));
    }
    workgroupBarrier();
    return 1.0;
}
