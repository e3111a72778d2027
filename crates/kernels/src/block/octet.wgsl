// What a weight format gives to a kernel. The files of every format have these functions of the binding `weights`; block i
// is weights 32 * b .. of a row with i = row * BLOCKS + b:
//   block(i)                  what is read of a block, as it lies in memory
//   octet_of(block, i, n)     its weights 8 * n .. 8 * n + 7, as f32
//   product(block, i, x)      sum of its weights, each times its x
// with BLOCKS = columns / 32 and PLANE1.. = first vec4 of the further planes (see weight.rs). Reading and unpacking are apart so
// that a kernel can have the next block on its way while it works on this one.

struct Octet { lo: vec4<f32>, hi: vec4<f32> }

// Thirty-two values of x, and the sums of the first and of the last sixteen: an offset that all weights of a block share
// needs no more of x than its sum.
struct Columns {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
    sums: vec2<f32>,
}

fn columns_of(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>) -> Columns {
    let one = vec4<f32>(1.0);
    return Columns(a, b, c, d, e, f, g, h, vec2<f32>(dot(a + b + c + d, one), dot(e + f + g + h, one)));
}

fn octet_dot(w: Octet, lo: vec4<f32>, hi: vec4<f32>) -> f32 {
    return dot(w.lo, lo) + dot(w.hi, hi);
}

// Numbers of up to seven bits that begin at bits 0, 4, 8 and 12 of the four words, as f32. Put under the exponent of
// 2^23, a number n at bit 4 j makes the float 2^23 + 2^(4 j) n; one multiply-add takes it to n, all of it exactly. That
// is cheaper than shifting and converting, which GPUs do at a quarter of the rate or less.
fn numbers(bits: vec4<u32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bits | vec4<u32>(0x4b000000u)) * vec4<f32>(1.0, 0.0625, 0.00390625, 0.000244140625)
        - vec4<f32>(8388608.0, 524288.0, 32768.0, 2048.0);
}

const NIBBLES = vec4<u32>(0xfu, 0xf0u, 0xf00u, 0xf000u);

// The low and high four of the eight 4-bit numbers of a word, lowest bits first.
fn nibbles_lo(w: u32) -> vec4<f32> {
    return numbers(vec4<u32>(w) & NIBBLES);
}

fn nibbles_hi(w: u32) -> vec4<f32> {
    return nibbles_lo(w >> 16u);
}

fn octet4(w: u32) -> Octet {
    return Octet(nibbles_lo(w), nibbles_hi(w));
}

// Eight 5-bit numbers: low four bits in a word, the fifth bits of numbers 2 j and 2 j + 1 at bits 8 j and 8 j + 1 of `high`.
fn octet5(w: u32, high: u32) -> Octet {
    let fifth = vec4<u32>(0x10u, 0x100u, 0x1000u, 0x10000u);
    let lo = (vec4<u32>(high) << vec4<u32>(4u, 7u, 4u, 7u)) & fifth;
    let hi = (vec4<u32>(high >> 16u) << vec4<u32>(4u, 7u, 4u, 7u)) & fifth;
    return Octet(numbers((vec4<u32>(w) & NIBBLES) | lo), numbers((vec4<u32>(w >> 16u) & NIBBLES) | hi));
}

// Eight 6-bit numbers: low four bits in a word, the high two of numbers 2 j and 2 j + 1 from bits 8 j and 8 j + 2 of `high`.
fn octet6(w: u32, high: u32) -> Octet {
    let top = vec4<u32>(0x30u, 0x300u, 0x3000u, 0x30000u);
    let lo = (vec4<u32>(high) << vec4<u32>(4u, 6u, 4u, 6u)) & top;
    let hi = (vec4<u32>(high >> 16u) << vec4<u32>(4u, 6u, 4u, 6u)) & top;
    return Octet(numbers((vec4<u32>(w) & NIBBLES) | lo), numbers((vec4<u32>(w >> 16u) & NIBBLES) | hi));
}

fn affine(n: Octet, scale: f32, offset: f32) -> Octet {
    return Octet(scale * n.lo + vec4<f32>(offset), scale * n.hi + vec4<f32>(offset));
}
