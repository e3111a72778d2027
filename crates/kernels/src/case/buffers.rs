//! Buffers of a case. Behind the contents of each lie some poisoned words: an input read past its end brings a NaN into
//! the result, an output written past its end is noticed.

use super::compare::{Expected, Output};
use crate::kv::KvType;
use crate::op::Step;
use gpu::{Account, Buffer, Device, Error, Usage};
use half::f16;

/// NaN as an f32 and as each of two f16; no index, count or finite result has this pattern.
pub(crate) const POISON: u32 = 0x7fc1_7fc1;

/// Poisoned words behind the contents: more than a vec4, so that a wrong vector store lands on them.
const GUARD_WORDS: usize = 64;

/// A storage buffer of words.
pub(crate) fn words(device: &Device, name: &str, words: &[u32]) -> Result<Buffer, Error> {
    let mut contents = words.to_vec();
    contents.resize(words.len() + GUARD_WORDS, POISON);
    let buffer = device.buffer(name, Account::Other, contents.len() as u64 * 4, Usage::Storage)?;
    device.write(&buffer, 0, bytemuck::cast_slice(&contents));
    Ok(buffer)
}

/// A storage buffer of f32 numbers.
pub(crate) fn floats(device: &Device, name: &str, values: &[f32]) -> Result<Buffer, Error> {
    words(device, name, bytemuck::cast_slice(values))
}

/// A storage buffer that the kernel must fill.
pub(crate) fn poisoned(device: &Device, name: &str, len: usize) -> Result<Buffer, Error> {
    words(device, name, &vec![POISON; len])
}

/// A KV cache of heads of `head_dim`; NaN marks heads that hold nothing yet.
pub(crate) fn cache(
    device: &Device,
    name: &str,
    kv: KvType,
    head_dim: u32,
    values: &[f32],
) -> Result<Buffer, Error> {
    let word = |bits: u32, empty: bool| if empty { POISON } else { bits };
    let contents: Vec<u32> = match kv {
        KvType::F32 => values.iter().map(|v| word(v.to_bits(), v.is_nan())).collect(),
        KvType::F16 => {
            let half = |v: f32| u32::from(f16::from_f32(v).to_bits());
            values.chunks_exact(2).map(|v| word(half(v[0]) | half(v[1]) << 16, v[0].is_nan())).collect()
        }
        KvType::Q8 => values
            .chunks_exact(head_dim as usize)
            .flat_map(|head| {
                let bytes =
                    head.chunks_exact(BLOCK).flat_map(|block| block.iter().map(|&v| (v, largest(block))));
                let bytes: Vec<u8> = bytes.map(|(v, top)| eighth(v, top) as u8).collect();
                let words = bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word));
                let scales = head.chunks_exact(BLOCK).map(|block| largest(block).to_bits());
                words.chain(scales).map(|bits| word(bits, head[0].is_nan())).collect::<Vec<u32>>()
            })
            .collect(),
    };
    words(device, name, &contents)
}

/// Values that share a scale in an 8-bit cache.
pub(crate) const BLOCK: usize = 32;

/// The largest magnitude of a block.
pub(crate) fn largest(block: &[f32]) -> f32 {
    block.iter().fold(0.0, |top, v| v.abs().max(top))
}

/// A value of a block as a signed byte.
fn eighth(v: f32, top: f32) -> i8 {
    if top == 0.0 { 0 } else { (v / top * 127.0).round() as i8 }
}

/// Values as a cache of this type gives them back.
pub(crate) fn stored(kv: KvType, values: Vec<f32>) -> Vec<f32> {
    match kv {
        KvType::F32 => values,
        KvType::F16 => values.into_iter().map(|v| f16::from_f32(v).to_f32()).collect(),
        KvType::Q8 => values
            .chunks_exact(BLOCK)
            .flat_map(|block| {
                let top = largest(block);
                block
                    .iter()
                    .map(move |&v| if v.is_nan() { v } else { f32::from(eighth(v, top)) / 127.0 * top })
            })
            .collect(),
    }
}

/// The step's uniform.
pub(crate) fn step(device: &Device, step: Step) -> Result<Buffer, Error> {
    let buffer = device.buffer("step", Account::Uniforms, 16, Usage::Uniform)?;
    device.write(&buffer, 0, bytemuck::bytes_of(&step));
    Ok(buffer)
}

/// An output of f32 numbers.
pub(crate) fn expect(buffer: Buffer, expected: Vec<f32>) -> Output {
    Output { buffer, expected: Expected::Floats(expected) }
}

/// An output whose first words are exact, and which ends with f32 numbers.
pub(crate) fn expect_words_and_floats(buffer: Buffer, words: Vec<u32>, floats: Vec<f32>) -> Output {
    Output { buffer, expected: Expected::WordsAndFloats(words, floats) }
}

/// An output that is a KV cache.
pub(crate) fn expect_cache(buffer: Buffer, kv: KvType, head_dim: u32, expected: Vec<f32>) -> Output {
    let expected = match kv {
        KvType::F32 => Expected::Floats(expected),
        KvType::F16 => Expected::Halves(expected),
        KvType::Q8 => Expected::Eighths { values: expected, head_dim },
    };
    Output { buffer, expected }
}

/// An output of words.
pub(crate) fn expect_words(buffer: Buffer, expected: Vec<u32>) -> Output {
    Output { buffer, expected: Expected::Words(expected) }
}
