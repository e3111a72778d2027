// What a weight format gives to a kernel that multiplies packed integers: `block(i)` as octet.wgsl says, and
// `product(block, i, x)`, the sum of the block's weights, each times its x.
//
// x is given in sixteens: 16-bit integers times a scale, so that one is off by at most 1/65278 of the largest of its
// sixteen. Their high and low bytes (both signed, x = scale * (256 * high + low)) lie apart, four in a word, in the order in
// which a word of nibbles falls apart: of eight numbers those at even places and then those at odd ones.
struct Columns {
    hi0: vec4<u32>, lo0: vec4<u32>,     // columns 0 .. 15
    hi1: vec4<u32>, lo1: vec4<u32>,     // columns 16 .. 31
    scales: vec2<f32>,
    sums: vec2<f32>,                    // of x
}

// Sixteen small integers times the integers of x: exact, and exact as f32 but for Q6_K and Q8_0, which round once.
fn dot16(n: vec4<u32>, hi: vec4<u32>, lo: vec4<u32>) -> f32 {
    let high = dot4I8Packed(n.x, hi.x) + dot4I8Packed(n.y, hi.y) + dot4I8Packed(n.z, hi.z) + dot4I8Packed(n.w, hi.w);
    let low = dot4I8Packed(n.x, lo.x) + dot4I8Packed(n.y, lo.y) + dot4I8Packed(n.z, lo.z) + dot4I8Packed(n.w, lo.w);
    return f32(high * 256 + low);
}

// Two words of eight nibbles each.
fn nibbles(w: vec2<u32>) -> vec4<u32> {
    return vec4<u32>(w.x, w.x >> 4u, w.y, w.y >> 4u) & vec4<u32>(0x0f0f0f0fu);
}
