// x as it is.
@group(0) @binding(INPUT) var<storage, read> x: array<vec4<f32>>;               // (COLUMNS)

fn stage(group: u32, local: u32) -> f32 {
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        staged[slot(i)] = x[i];
    }
    clear_tail(local);
    workgroupBarrier();
    return 1.0;
}
