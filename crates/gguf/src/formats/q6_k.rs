//! Q6_K: 0 low 4 bits, 128 high 2 bits, 192 signed scales of 16 groups of 16, 208 `d`;
//! `x = d * scale[group] * (q - 32)`.
//!
//! Each half of 128 values has 64 bytes of low bits and 32 of high bits. Value `v` of a half lies in quarter
//! `v / 32` at `i = v % 32`: quarters 0 and 2 are the low and high halves of byte `i`, 1 and 3 those of byte
//! `32 + i`; quarter `k` takes bits `2k` and `2k + 1` of high-bit byte `i`.

use super::scale;

const BYTES: usize = 210;
const HIGH: usize = 128;
const SCALES: usize = 192;
const D: usize = 208;
const _: () = assert!(HIGH == 256 / 2 && SCALES == HIGH + 256 / 4 && D == SCALES + 16 && BYTES == D + 2);

/// Where value `v` lies: byte and shift of its low bits, byte and shift of its high bits.
fn location(v: usize) -> (usize, usize, usize, usize) {
    let (half, quarter, i) = (v / 128, v / 32 % 4, v % 32);
    (half * 64 + quarter % 2 * 32 + i, quarter / 2 * 4, HIGH + half * 32 + i, quarter * 2)
}

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 256] {
    let d = scale::read(block, D);
    std::array::from_fn(|v| {
        let (low, low_shift, high, high_shift) = location(v);
        let q = (block[low] >> low_shift & 15) | (block[high] >> high_shift & 3) << 4;
        d * f32::from(block[SCALES + v / 16] as i8) * (f32::from(q) - 32.0)
    })
}

pub(crate) fn encode(values: &[f32; 256]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let (groups, _) = values.as_chunks::<16>();
    // A scale has a sign, so the extreme value of each group takes the step that is only below zero.
    let scales: [f32; 16] = std::array::from_fn(|group| scale::extreme(&groups[group]) / -32.0);
    let d = scale::write(&mut block, D, scale::extreme(&scales) / -128.0);
    let inverse_d = scale::inverse(d);
    for (group, x) in scales.iter().enumerate() {
        block[SCALES + group] = scale::nearest(x * inverse_d, -128, 127) as i8 as u8;
    }
    for (v, x) in values.iter().enumerate() {
        let step = d * f32::from(block[SCALES + v / 16] as i8);
        let q = (scale::nearest(x * scale::inverse(step), -32, 31) + 32) as u8;
        let (low, low_shift, high, high_shift) = location(v);
        block[low] |= (q & 15) << low_shift;
        block[high] |= (q >> 4) << high_shift;
    }
    block
}
