//! Plain floats: a "block" is one value.

use half::{bf16, f16};

pub(crate) fn decode_f32(bytes: &[u8; 4]) -> [f32; 1] {
    [f32::from_le_bytes(*bytes)]
}

pub(crate) fn encode_f32(value: &[f32; 1]) -> [u8; 4] {
    value[0].to_le_bytes()
}

pub(crate) fn decode_f16(bytes: &[u8; 2]) -> [f32; 1] {
    [f16::from_le_bytes(*bytes).to_f32()]
}

/// Rounds to nearest, ties to even; beyond 65504 to infinity.
pub(crate) fn encode_f16(value: &[f32; 1]) -> [u8; 2] {
    f16::from_f32(value[0]).to_le_bytes()
}

pub(crate) fn decode_bf16(bytes: &[u8; 2]) -> [f32; 1] {
    [bf16::from_le_bytes(*bytes).to_f32()]
}

/// Rounds to nearest, ties to even.
pub(crate) fn encode_bf16(value: &[f32; 1]) -> [u8; 2] {
    bf16::from_f32(value[0]).to_le_bytes()
}
