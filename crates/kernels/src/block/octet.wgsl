// Values handed from a weight format to a kernel: eight or thirty-two consecutive weights of one row, as f32.
// Every format file of this folder declares the binding `weights` and the two functions
//   octet(row, o)   weights 8*o .. 8*o+7 of the row
//   block32(row, b) weights 32*b .. 32*b+31 of the row
// with BLOCKS = columns / 32 and PLANE1.. = first vec4 of the further planes (see weight.rs).

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;

struct Octet { lo: vec4<f32>, hi: vec4<f32> }

struct Block32 { a: Octet, b: Octet, c: Octet, d: Octet }

// The low and high four of the eight 4-bit numbers of a word, lowest bits first.
fn nibbles_lo(w: u32) -> vec4<f32> {
    return vec4<f32>((vec4<u32>(w) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u));
}

fn nibbles_hi(w: u32) -> vec4<f32> {
    return vec4<f32>((vec4<u32>(w) >> vec4<u32>(16u, 20u, 24u, 28u)) & vec4<u32>(15u));
}

// scale * n + offset for the eight 4-bit numbers n of a word.
fn affine4(w: u32, scale: f32, offset: f32) -> Octet {
    return Octet(scale * nibbles_lo(w) + vec4<f32>(offset), scale * nibbles_hi(w) + vec4<f32>(offset));
}

// scale * n + offset for eight 5-bit numbers: low four bits in a word, the fifth bits in the low byte of `high`.
fn affine5(w: u32, high: u32, scale: f32, offset: f32) -> Octet {
    let h_lo = vec4<f32>((vec4<u32>(high) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u));
    let h_hi = vec4<f32>((vec4<u32>(high) >> vec4<u32>(4u, 5u, 6u, 7u)) & vec4<u32>(1u));
    let lo = nibbles_lo(w) + 16.0 * h_lo;
    let hi = nibbles_hi(w) + 16.0 * h_hi;
    return Octet(scale * lo + vec4<f32>(offset), scale * hi + vec4<f32>(offset));
}

// The i-th f16 of a plane of f16 numbers.
fn half_at(plane: u32, i: u32) -> f32 {
    let pair = unpack2x16float(weights[plane + i / 8u][(i / 2u) % 4u]);
    return select(pair.x, pair.y, (i & 1u) == 1u);
}

// The i-th pair of f16 numbers (scale, offset) of a plane.
fn half_pair_at(plane: u32, i: u32) -> vec2<f32> {
    return unpack2x16float(weights[plane + i / 4u][i % 4u]);
}
