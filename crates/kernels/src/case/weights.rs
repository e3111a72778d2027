//! Weight matrices of a case: file bytes, the values they stand for, and their planes on the GPU. Expected results come
//! from the decoded bytes, so quantisation is no part of the error.

use super::random::Random;
use crate::weight::{Layout, Packed, pack};
use gguf::Type;
use gpu::{Account, Buffer, Device, Error, Usage};

/// What the file bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Encoded from even numbers around zero.
    Encoded,
    /// Any bits in numbers, block scales and minima, and f16 scales of both signs: what no encoder makes is read too.
    AnyBits,
    /// As `AnyBits`, with f16 scales below the smallest normal f16.
    Subnormal,
}

impl Content {
    pub(crate) const ALL: [Content; 3] = [Content::Encoded, Content::AnyBits, Content::Subnormal];
}

/// A matrix.
pub(crate) struct Weights {
    pub(crate) layout: Layout,
    /// (rows, columns).
    pub(crate) values: Vec<f32>,
    file: Vec<u8>,
}

/// Bytes of a block at which f16 scales and minima lie.
fn scales_at(kind: Type) -> &'static [usize] {
    match kind {
        Type::Q4_0 | Type::Q5_0 | Type::Q8_0 => &[0],
        Type::Q4_1 | Type::Q5_1 | Type::Q4_K | Type::Q5_K => &[0, 2],
        Type::Q6_K => &[208],
        Type::F32 | Type::F16 | Type::BF16 | Type::Other(_) => &[],
    }
}

/// An f16 of either sign: 2^-7 to 2^-5, or 1 to 63 times the smallest f16.
fn scale_bits(content: Content, random: &mut Random) -> u16 {
    let sign = (random.below(2) as u16) << 15;
    match content {
        Content::Subnormal => sign | (1 + random.below(63) as u16),
        Content::AnyBits | Content::Encoded => sign | (0x2000 + random.below(0x800) as u16),
    }
}

fn file_bytes(kind: Type, n: usize, content: Content, extent: f32, random: &mut Random) -> Vec<u8> {
    if content == Content::Encoded {
        return gguf::encode(kind, &random.floats(n, extent));
    }
    let block_bytes = kind.block_bytes();
    let mut file = random.bytes(n / kind.block_len() * block_bytes);
    for block in file.chunks_exact_mut(block_bytes) {
        for &at in scales_at(kind) {
            block[at..at + 2].copy_from_slice(&scale_bits(content, random).to_le_bytes());
        }
        if scales_at(kind).is_empty() {
            // A float: magnitudes below 2, or for f16 the subnormal ones.
            let top = block_bytes - 1;
            block[top] &= if kind == Type::F16 && content == Content::Subnormal { 0x83 } else { 0xbf };
        }
    }
    file
}

impl Weights {
    /// A matrix whose encoded values reach from `-extent` to `extent`.
    pub(crate) fn new(
        kind: Type,
        rows: usize,
        columns: usize,
        content: Content,
        random: &mut Random,
    ) -> Weights {
        // Products with inputs around one come out around one.
        let extent = 1.0 / (columns as f32).sqrt();
        let file = file_bytes(kind, rows * columns, content, extent, random);
        let mut values = vec![0.0; rows * columns];
        gguf::decode(kind, &file, &mut values).expect("the type is supported");
        Weights { layout: Layout::new(kind, rows as u64, columns as u64), values, file }
    }

    /// The planes on the GPU, brought there in several parts as a loader does.
    pub(crate) fn upload(&self, device: &Device) -> Result<Buffer, Error> {
        let Layout { kind, rows, columns, .. } = self.layout;
        let buffer = device.buffer("weight", Account::Weights, self.layout.bytes(), Usage::Storage)?;
        let row_bytes = kind.row_bytes(columns).expect("rows of whole blocks");
        // Multiples of four rows keep every part of every plane on a word.
        let part = (rows / 3).next_multiple_of(4).max(4);
        let mut packed = Packed::default();
        for (n, bytes) in self.file.chunks((part * row_bytes) as usize).enumerate() {
            pack(&self.layout, bytes, &mut packed);
            for (plane, bytes) in self.layout.planes.iter().zip(&packed.planes) {
                device.write(&buffer, plane.offset + n as u64 * part * plane.row_bytes, bytes);
            }
        }
        Ok(buffer)
    }
}

/// A row length near `columns` that the type can have: whole blocks, or for plain floats one that ends within a group
/// of 32.
pub(crate) fn awkward_columns(kind: Type, columns: usize) -> usize {
    match kind.block_len() {
        1 => columns + 4,
        len => columns.next_multiple_of(len),
    }
}
