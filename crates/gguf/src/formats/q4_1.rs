//! Q4_1: 0 scale, 2 minimum, 4 sixteen bytes of 4-bit values; `x = scale * q + minimum`.

use super::{nibbles, scale};

const BYTES: usize = 20;
const _: () = assert!(BYTES == 2 + 2 + 32 / 2);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 32] {
    let (d, minimum) = (scale::read(block, 0), scale::read(block, 2));
    nibbles::unpack(&block[4..]).map(|q| d * f32::from(q) + minimum)
}

pub(crate) fn encode(values: &[f32; 32]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let (low, high) = scale::range(values);
    let d = scale::write(&mut block, 0, (high - low) / 15.0);
    let minimum = scale::write(&mut block, 2, low);
    let inverse = scale::inverse(d);
    let q = values.map(|x| scale::nearest((x - minimum) * inverse, 0, 15) as u8);
    block[4..].copy_from_slice(&nibbles::pack(&q));
    block
}
