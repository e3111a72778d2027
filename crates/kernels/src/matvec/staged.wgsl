// x in workgroup memory, in the order in which it is read: the eight vec4 of a block lie STRIDE apart, so that
// neighbouring invocations, which read neighbouring blocks, never meet in a bank. An odd STRIDE does the same for writing.
const STRIDE = BLOCKS | 1u;

var<workgroup> staged: array<vec4<f32>, 8u * STRIDE>;

fn put(sixteen: u32, v: Sixteen) {
    let at = (sixteen % 2u) * 4u * STRIDE + sixteen / 2u;
    staged[at] = v.a;
    staged[at + STRIDE] = v.b;
    staged[at + 2u * STRIDE] = v.c;
    staged[at + 3u * STRIDE] = v.d;
}

fn input(b: u32) -> Columns {
    return columns_of(staged[b], staged[STRIDE + b], staged[2u * STRIDE + b], staged[3u * STRIDE + b],
        staged[4u * STRIDE + b], staged[5u * STRIDE + b], staged[6u * STRIDE + b], staged[7u * STRIDE + b]);
}
