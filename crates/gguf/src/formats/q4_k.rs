//! Q4_K: 0 `d`, 2 `d_min`, 4 scales and minima of 8 groups, 16 values of 4 bits.
//! Each 32 bytes of values hold two groups: the even one in the low halves, the odd one in the high halves.

use super::groups;

const BYTES: usize = 144;
const _: () = assert!(BYTES == 2 + 2 + groups::PACKED_BYTES + 256 / 2);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 256] {
    let groups = groups::read(block);
    let values = &block[16..];
    std::array::from_fn(|i| {
        let (group, in_group) = (i / 32, i % 32);
        let q = values[group / 2 * 32 + in_group] >> (group % 2 * 4) & 15;
        let (scale, minimum) = groups[group];
        scale * f32::from(q) - minimum
    })
}

pub(crate) fn encode(values: &[f32; 256]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let q = groups::quantise(values, 15, &mut block);
    for (i, byte) in block[16..].iter_mut().enumerate() {
        let (pair, in_group) = (i / 32, i % 32);
        *byte = q[2 * pair][in_group] | q[2 * pair + 1][in_group] << 4;
    }
    block
}
