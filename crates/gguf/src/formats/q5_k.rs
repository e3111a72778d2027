//! Q5_K: 0 `d`, 2 `d_min`, 4 scales and minima of 8 groups, 16 fifth bits, 48 values of 4 bits.
//! Each 32 bytes of values hold two groups as in Q4_K; bit `g` of fifth-bit byte `i` belongs to value `i` of group `g`.

use super::groups;

const BYTES: usize = 176;
const _: () = assert!(BYTES == 2 + 2 + groups::PACKED_BYTES + 256 / 8 + 256 / 2);

pub(crate) fn decode(block: &[u8; BYTES]) -> [f32; 256] {
    let groups = groups::read(block);
    let (fifth, values) = block[16..].split_at(32);
    std::array::from_fn(|i| {
        let (group, in_group) = (i / 32, i % 32);
        let low = values[group / 2 * 32 + in_group] >> (group % 2 * 4) & 15;
        let q = low | (fifth[in_group] >> group & 1) << 4;
        let (scale, minimum) = groups[group];
        scale * f32::from(q) - minimum
    })
}

pub(crate) fn encode(values: &[f32; 256]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let q = groups::quantise(values, 31, &mut block);
    let (fifth, low) = block[16..].split_at_mut(32);
    for (in_group, byte) in fifth.iter_mut().enumerate() {
        *byte = (0..8).fold(0, |bits, group| bits | (q[group][in_group] >> 4) << group);
    }
    for (i, byte) in low.iter_mut().enumerate() {
        let (pair, in_group) = (i / 32, i % 32);
        *byte = q[2 * pair][in_group] & 15 | (q[2 * pair + 1][in_group] & 15) << 4;
    }
    block
}
