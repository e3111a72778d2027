// The attended values as packed integers for the output projection: four invocations hold a sixteen. All invocations call
// `leave`; the first COLUMNS, where they are `here`, have a value, and their i and local agree in what is left over by four.
@group(0) @binding(Y) var<storage, read_write> y: array<vec4<u32>>;         // (3, OUT_SIXTEENS) vec4

const OUT_SIXTEENS = HEADS * HEAD_DIM / 16u;

var<workgroup> left: array<vec4<f32>, COLUMNS>;

fn leave(i: u32, local: u32, here: bool, value: vec4<f32>) {
    if (local < COLUMNS) {
        left[local] = value;
    }
    workgroupBarrier();
    if (here && local % 4u == 0u) {
        leave_sixteen(i / 4u, Sixteen(left[local], left[local + 1u], left[local + 2u], left[local + 3u]));
    }
}
