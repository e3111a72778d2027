// h' is stored for the next block.
@group(0) @binding(INPUT + 4u) var<storage, read_write> h_next: array<vec4<f32>>;   // (COLUMNS)

fn keep(group: u32, i: u32, v: Sixteen) {
    if (group == 0u) {
        h_next[i] = v.a;
        h_next[i + 1u] = v.b;
        h_next[i + 2u] = v.c;
        h_next[i + 3u] = v.d;
    }
}
