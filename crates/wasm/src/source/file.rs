//! A picked file.

use engine::{ReadAt, ReadError, ReadErrorKind, ReadFuture};
use js_sys::Uint8Array;
use web_sys::Blob;

use super::{PIECE_BYTES_MAX, check_range, failed, fill};

const NAME: &str = "the picked file";

/// Reads slices of a blob.
pub(super) struct File(pub(super) Blob);

impl ReadAt for File {
    fn size(&self) -> u64 {
        self.0.size() as u64
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        Box::pin(async move {
            check_range(offset, buffer.len(), self.size())?;
            let mut at = offset;
            for piece in buffer.chunks_mut(PIECE_BYTES_MAX) {
                self.read_piece(at, piece).await?;
                at += piece.len() as u64;
            }
            Ok(())
        })
    }
}

impl File {
    async fn read_piece(&self, offset: u64, piece: &mut [u8]) -> Result<(), ReadError> {
        let end = offset + piece.len() as u64;
        let part = self.0.slice_with_f64_and_f64(offset as f64, end as f64);
        let part = part.map_err(|thrown| failed(ReadErrorKind::Io, NAME, &thrown))?;
        // A browser refuses a file that was changed or removed since it was picked.
        let bytes = part.array_buffer().await.map_err(|thrown| failed(ReadErrorKind::Io, NAME, &thrown))?;
        fill(piece, &Uint8Array::new(&bytes), offset, NAME)
    }
}
