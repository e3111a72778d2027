// x in workgroup memory as f16, in the order of staged.wgsl, with a power of two for each sixteen columns: x may be the residual
// stream, which leaves the range of f16.
const STRIDE = BLOCKS | 1u;

var<workgroup> staged: array<vec4<f16>, 8u * STRIDE>;
var<workgroup> staged_scale: array<f32, 2u * STRIDE>;

fn put(sixteen: u32, v: Sixteen) {
    let at = (sixteen % 2u) * 4u * STRIDE + sixteen / 2u;
    let top = max(max(magnitude(v.a), magnitude(v.b)), max(magnitude(v.c), magnitude(v.d)));
    let factor = factor_down(top);
    staged[at] = vec4<f16>(v.a * factor);
    staged[at + STRIDE] = vec4<f16>(v.b * factor);
    staged[at + 2u * STRIDE] = vec4<f16>(v.c * factor);
    staged[at + 3u * STRIDE] = vec4<f16>(v.d * factor);
    staged_scale[(sixteen % 2u) * STRIDE + sixteen / 2u] = scale_up(top);
}

fn staged4(n: u32, b: u32, scale: f32) -> vec4<f32> {
    return vec4<f32>(staged[n * STRIDE + b]) * scale;
}

fn input(b: u32) -> Columns {
    let first = staged_scale[b];
    let last = staged_scale[STRIDE + b];
    return columns_of(staged4(0u, b, first), staged4(1u, b, first), staged4(2u, b, first), staged4(3u, b, first),
        staged4(4u, b, last), staged4(5u, b, last), staged4(6u, b, last), staged4(7u, b, last));
}
