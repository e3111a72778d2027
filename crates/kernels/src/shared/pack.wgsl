// Sixteen columns as block/packed.wgsl takes them.
struct Packed { hi: vec4<u32>, lo: vec4<u32>, scale: f32, sum: f32 }

// The largest number whose high byte, rounded, is a signed byte: 127 * 256 + 127.
const LARGEST_PACKED = 32639.0;

fn even(a: vec4<f32>, b: vec4<f32>, factor: f32) -> vec4<i32> {
    return vec4<i32>(round(vec4<f32>(a.x, a.z, b.x, b.z) * factor));
}

fn odd(a: vec4<f32>, b: vec4<f32>, factor: f32) -> vec4<i32> {
    return vec4<i32>(round(vec4<f32>(a.y, a.w, b.y, b.w) * factor));
}

fn high_bytes(n: vec4<i32>) -> u32 {
    return pack4xI8((n + vec4<i32>(128)) >> vec4<u32>(8u));
}

fn packed(v: Sixteen) -> Packed {
    let tops = max(max(abs(v.a), abs(v.b)), max(abs(v.c), abs(v.d)));
    let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
    let sum = dot(v.a + v.b + v.c + v.d, vec4<f32>(1.0));
    // What is smaller than any value that matters counts as zero, as its scale would have no inverse.
    let factor = select(0.0, LARGEST_PACKED / top, top > 1e-30);
    // A value that is no number must not vanish: it makes the scale one, too.
    let broken = (bitcast<u32>(sum) & 0x7f800000u) == 0x7f800000u;
    let n = array<vec4<i32>, 4>(even(v.a, v.b, factor), odd(v.a, v.b, factor), even(v.c, v.d, factor), odd(v.c, v.d, factor));
    return Packed(vec4<u32>(high_bytes(n[0]), high_bytes(n[1]), high_bytes(n[2]), high_bytes(n[3])),
        vec4<u32>(pack4xI8(n[0]), pack4xI8(n[1]), pack4xI8(n[2]), pack4xI8(n[3])),
        select(top / LARGEST_PACKED, sum, broken), sum);
}
