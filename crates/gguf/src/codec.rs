//! Blocks of any supported type to numbers and back: the scalar specification that kernels are checked against.

use crate::error::Error;
use crate::formats::{float, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0};
use crate::kind::Type;

/// Decodes whole blocks: `out.len()` values from `out.len() / block_len * block_bytes` bytes.
///
/// # Errors
/// [`Error::UnsupportedType`] for a type that is not in [`Type::SUPPORTED`].
///
/// # Panics
/// If `bytes` and `out` are not the same whole number of blocks long.
pub fn decode(kind: Type, bytes: &[u8], out: &mut [f32]) -> Result<(), Error> {
    match kind {
        Type::F32 => blocks(kind, bytes, out, float::decode_f32),
        Type::F16 => blocks(kind, bytes, out, float::decode_f16),
        Type::BF16 => blocks(kind, bytes, out, float::decode_bf16),
        Type::Q4_0 => blocks(kind, bytes, out, q4_0::decode),
        Type::Q4_1 => blocks(kind, bytes, out, q4_1::decode),
        Type::Q5_0 => blocks(kind, bytes, out, q5_0::decode),
        Type::Q5_1 => blocks(kind, bytes, out, q5_1::decode),
        Type::Q8_0 => blocks(kind, bytes, out, q8_0::decode),
        Type::Q4_K => blocks(kind, bytes, out, q4_k::decode),
        Type::Q5_K => blocks(kind, bytes, out, q5_k::decode),
        Type::Q6_K => blocks(kind, bytes, out, q6_k::decode),
        Type::Other(_) => return Err(Error::UnsupportedType { found: kind.name().into_owned() }),
    }
    Ok(())
}

/// Encodes whole blocks by rounding to the nearest value of a scale (and minimum) taken from the block's extremes.
///
/// Good enough for tests and adapters; quantisers that search for the best scale lose less.
/// Values that are not finite give blocks that decode to unspecified values.
///
/// # Panics
/// If the type is not in [`Type::SUPPORTED`], or `values` is not a whole number of blocks long.
pub fn encode(kind: Type, values: &[f32]) -> Vec<u8> {
    match kind {
        Type::F32 => encode_blocks(kind, values, float::encode_f32),
        Type::F16 => encode_blocks(kind, values, float::encode_f16),
        Type::BF16 => encode_blocks(kind, values, float::encode_bf16),
        Type::Q4_0 => encode_blocks(kind, values, q4_0::encode),
        Type::Q4_1 => encode_blocks(kind, values, q4_1::encode),
        Type::Q5_0 => encode_blocks(kind, values, q5_0::encode),
        Type::Q5_1 => encode_blocks(kind, values, q5_1::encode),
        Type::Q8_0 => encode_blocks(kind, values, q8_0::encode),
        Type::Q4_K => encode_blocks(kind, values, q4_k::encode),
        Type::Q5_K => encode_blocks(kind, values, q5_k::encode),
        Type::Q6_K => encode_blocks(kind, values, q6_k::encode),
        Type::Other(_) => panic!("{kind} cannot be encoded"),
    }
}

/// Decodes blocks of `B` bytes and `N` values.
fn blocks<const B: usize, const N: usize>(
    kind: Type,
    bytes: &[u8],
    out: &mut [f32],
    decode: fn(&[u8; B]) -> [f32; N],
) {
    let (n_bytes, n_values) = (bytes.len(), out.len());
    let (sources, bytes_left) = bytes.as_chunks::<B>();
    let (targets, values_left) = out.as_chunks_mut::<N>();
    assert!(
        bytes_left.is_empty() && values_left.is_empty() && sources.len() == targets.len(),
        "{kind}: {n_bytes} bytes and {n_values} values are not the same number of blocks ({B} bytes, {N} values)",
    );
    for (source, target) in sources.iter().zip(targets) {
        *target = decode(source);
    }
}

/// Encodes blocks of `N` values and `B` bytes.
fn encode_blocks<const N: usize, const B: usize>(
    kind: Type,
    values: &[f32],
    encode: fn(&[f32; N]) -> [u8; B],
) -> Vec<u8> {
    let (sources, left) = values.as_chunks::<N>();
    assert!(left.is_empty(), "{kind}: {} values are not whole blocks of {N}", values.len());
    sources.iter().flat_map(encode).collect()
}
