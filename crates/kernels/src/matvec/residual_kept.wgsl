// h' is stored for the next block.
@group(0) @binding(INPUT + 4u) var<storage, read_write> h_next: array<vec4<f32>>;   // (COLUMNS)

fn keep(group: u32, s: u32, v: Sixteen) {
    if (group == 0u) {
        h_next[place(s, 0u, RESULT_BLOCKS)] = v.a;
        h_next[place(s, 1u, RESULT_BLOCKS)] = v.b;
        h_next[place(s, 2u, RESULT_BLOCKS)] = v.c;
        h_next[place(s, 3u, RESULT_BLOCKS)] = v.d;
    }
}
