//! Q4_0: 0 scale, 2 sixteen bytes of 4-bit values; `x = scale * (q - 8)`.

use super::{nibbles, scale};

const BYTES: usize = 18;
const _: () = assert!(BYTES == 2 + 32 / 2);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 32] {
    let d = scale::read(block, 0);
    nibbles::unpack(&block[2..]).map(|q| d * (f32::from(q) - 8.0))
}

pub(crate) fn encode(values: &[f32; 32]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    // The range reaches one step farther below zero than above: the extreme value takes that step.
    let d = scale::write(&mut block, 0, scale::extreme(values) / -8.0);
    let inverse = scale::inverse(d);
    let q = values.map(|x| (scale::nearest(x * inverse, -8, 7) + 8) as u8);
    block[2..].copy_from_slice(&nibbles::pack(&q));
    block
}
