//! Q5_0: 0 scale, 2 fifth bits, 6 sixteen bytes of 4-bit values; `x = scale * (q - 16)`.

use super::{nibbles, scale};

const BYTES: usize = 22;
const _: () = assert!(BYTES == 2 + 32 / 8 + 32 / 2);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 32] {
    let d = scale::read(block, 0);
    let fifth = [block[2], block[3], block[4], block[5]];
    nibbles::unpack_five(&block[6..], fifth).map(|q| d * (f32::from(q) - 16.0))
}

pub(crate) fn encode(values: &[f32; 32]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    // The range reaches one step farther below zero than above: the extreme value takes that step.
    let d = scale::write(&mut block, 0, scale::extreme(values) / -16.0);
    let inverse = scale::inverse(d);
    let q = values.map(|x| (scale::nearest(x * inverse, -16, 15) + 16) as u8);
    block[2..6].copy_from_slice(&nibbles::fifth_bits(&q));
    block[6..].copy_from_slice(&nibbles::pack(&q));
    block
}
