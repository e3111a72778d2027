//! Q8_0: 0 scale, 2 thirty-two signed bytes; `x = scale * q`.

use super::scale;

const BYTES: usize = 34;
const _: () = assert!(BYTES == 2 + 32);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 32] {
    let d = scale::read(block, 0);
    std::array::from_fn(|i| d * f32::from(block[2 + i] as i8))
}

pub(crate) fn encode(values: &[f32; 32]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let d = scale::write(&mut block, 0, scale::extreme(values).abs() / 127.0);
    let inverse = scale::inverse(d);
    for (byte, x) in block[2..].iter_mut().zip(values) {
        *byte = scale::nearest(x * inverse, -127, 127) as i8 as u8;
    }
    block
}
