// One workgroup leaves what it joined as packed integers: four invocations hold a sixteen.
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;         // (3, OUT_SIXTEENS) vec4

const OUT_SIXTEENS = HEADS * HEAD_DIM / 16u;

var<workgroup> left: array<vec4<f32>, WORKGROUP>;

fn leave(i: u32, local: u32, value: vec4<f32>) {
    left[local] = value;
    workgroupBarrier();
    if (local % 4u == 0u && i / 4u < OUT_SIXTEENS) {
        leave_sixteen(i / 4u, Sixteen(left[local], left[local + 1u], left[local + 2u], left[local + 3u]));
    }
}
