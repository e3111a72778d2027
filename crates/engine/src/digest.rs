//! What tells one model from another without reading gigabytes.

use crate::Error;
use gguf::{Header, ReadAt};
use sha2::{Digest, Sha256};

/// Bytes read at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// Fine-tunes of a model often have its very header, so the first bytes of some tensors count too.
const SAMPLES_MAX: usize = 32;
const SAMPLE_BYTES_MAX: u64 = 4096;

/// SHA-256 over the file's length, everything in front of the tensor data, and the first 4 KiB of up to 32 tensors
/// spread over the file. Two files that differ only in other bytes count as the same.
pub(crate) async fn digest(source: &dyn ReadAt, header: &Header) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    hash.update(header.file_size.to_le_bytes());
    let mut at = 0;
    while at < header.data_offset {
        let bytes = WINDOW_BYTES.min(header.data_offset - at).min(header.file_size - at);
        if bytes == 0 {
            break; // a file without tensors may end before the padding
        }
        hash.update(read(source, at, bytes).await?);
        at += bytes;
    }
    let every = header.tensors.len().div_ceil(SAMPLES_MAX).max(1);
    for tensor in header.tensors.iter().step_by(every) {
        hash.update(read(source, tensor.offset, tensor.bytes.min(SAMPLE_BYTES_MAX)).await?);
    }
    Ok(hash.finalize().into())
}

async fn read(source: &dyn ReadAt, offset: u64, bytes: u64) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; bytes as usize];
    source.read_at(offset, &mut buffer).await?;
    Ok(buffer)
}
