//! The model's vectors: norms and scales, of a few kilobytes each, beside the matrices of their layers.

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::plan::Plan;
use futures_util::future::try_join_all;
use gguf::{ReadAt, Type};
use std::ops::Range;

/// Each is a request of its own where the file is behind a network, and a round through its processes in a browser.
const READS_AT_ONCE: usize = 64;

/// Where in the file they are.
pub(crate) fn ranges(checkpoint: &Checkpoint) -> impl Iterator<Item = Range<u64>> {
    let pieces = checkpoint.vectors.iter().flatten();
    pieces.filter_map(|piece| piece.tensor.map(|(kind, offset)| offset..offset + bytes(kind, piece.len)))
}

/// All of them as the buffer of so many bytes has them.
pub(crate) async fn read(
    checkpoint: &Checkpoint,
    plan: &Plan,
    source: &dyn ReadAt,
    buffer_bytes: u64,
) -> Result<Vec<f32>, Error> {
    let mut values = vec![0.0f32; (buffer_bytes / 4) as usize];
    let mut tensors = Vec::new();
    for (vector, slice) in checkpoint.vectors.iter().zip(&plan.vectors) {
        let mut at = (slice.offset / 4) as usize;
        for piece in vector {
            match piece.tensor {
                Some((kind, offset)) => tensors.push((at, kind, offset, piece)),
                None => values[at..at + piece.len as usize].fill(piece.factor),
            }
            at += piece.len as usize;
        }
    }
    for some in tensors.chunks(READS_AT_ONCE) {
        let reads = some.iter().map(|&(_, kind, offset, piece)| read_values(source, kind, offset, piece.len));
        for (numbers, &(at, .., piece)) in try_join_all(reads).await?.iter().zip(some) {
            let out = &mut values[at..at + numbers.len()];
            out.iter_mut().zip(numbers).for_each(|(out, number)| *out = number * piece.factor);
        }
    }
    Ok(values)
}

/// The numbers of a tensor, or of a part of one that begins at `offset`.
pub(crate) async fn read_values(
    source: &dyn ReadAt,
    kind: Type,
    offset: u64,
    len: u64,
) -> Result<Vec<f32>, Error> {
    let mut encoded = vec![0; bytes(kind, len) as usize];
    source.read_at(offset, &mut encoded).await?;
    let mut values = vec![0.0; len as usize];
    gguf::decode(kind, &encoded, &mut values)?;
    Ok(values)
}

fn bytes(kind: Type, len: u64) -> u64 {
    kind.row_bytes(len).expect("whole blocks")
}
