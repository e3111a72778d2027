//! 32 small integers in 16 bytes, and their fifth bits in 4 more.

/// Value `i` is the low half of byte `i`, value `16 + i` the high half.
pub(super) fn unpack(packed: &[u8]) -> [u8; 32] {
    assert_eq!(packed.len(), 16, "32 values of 4 bits lie in 16 bytes");
    std::array::from_fn(|i| if i < 16 { packed[i] & 15 } else { packed[i - 16] >> 4 })
}

/// The reverse of [`unpack`]; bits above the fourth are left out.
pub(super) fn pack(values: &[u8; 32]) -> [u8; 16] {
    std::array::from_fn(|i| (values[i] & 15) | (values[i + 16] & 15) << 4)
}

/// [`unpack`] with bit `i` of `fifth` as the fifth bit of value `i`.
pub(super) fn unpack_five(packed: &[u8], fifth: [u8; 4]) -> [u8; 32] {
    let low = unpack(packed);
    let fifth = u32::from_le_bytes(fifth);
    std::array::from_fn(|i| low[i] | ((fifth >> i) as u8 & 1) << 4)
}

/// The fifth bits that [`unpack_five`] wants.
pub(super) fn fifth_bits(values: &[u8; 32]) -> [u8; 4] {
    let bits = values.iter().enumerate().fold(0, |bits, (i, &value)| bits | (u32::from(value) >> 4 & 1) << i);
    bits.to_le_bytes()
}
