//! A picked file.
//!
//! A slice of it costs Chromium another buffer and another round through its processes: slices of 4 MB bring half of what a stream
//! does. As this source reads ahead, a load reads it from the front to the back, so out of one stream.

use std::cell::Cell;

use engine::{ReadAt, ReadErrorKind, ReadFuture};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::stream::Stream;
use super::{PIECE_BYTES_MAX, check_range, failed, fill};

const NAME: &str = "the picked file";

/// A read of so many bytes begins a stream; smaller ones, such as rows of a table, are slices unless they go on with it.
const STREAM_BYTES_MIN: usize = 64 << 10;
/// Bytes between two reads that cost less than another stream.
const SKIP_BYTES_MAX: u64 = 2 << 20;

/// Reads a blob.
pub(super) struct File {
    blob: Blob,
    /// Where the last read ended; away while it is read from.
    stream: Cell<Option<Stream>>,
}

impl ReadAt for File {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        Box::pin(async move {
            check_range(offset, buffer.len(), self.size())?;
            // A browser refuses a file that was changed or removed since it was picked.
            let fault = |thrown: JsValue| failed(ReadErrorKind::Io, NAME, &thrown);
            if let Some(mut stream) = self.stream_at(offset, buffer.len()) {
                stream.skip(offset - stream.at()).await.map_err(fault)?;
                stream.read(buffer).await.map_err(fault)?;
                self.stream.set(Some(stream));
                return Ok(());
            }
            let mut at = offset;
            for piece in buffer.chunks_mut(PIECE_BYTES_MAX) {
                let end = at + piece.len() as u64;
                let part = self.blob.slice_with_f64_and_f64(at as f64, end as f64).map_err(fault)?;
                let bytes = part.array_buffer().await.map_err(fault)?;
                fill(piece, &Uint8Array::new(&bytes), at, NAME)?;
                at = end;
            }
            Ok(())
        })
    }

    fn reads_ahead(&self) -> bool {
        true
    }
}

impl File {
    pub(super) fn new(blob: Blob) -> File {
        File { blob, stream: Cell::new(None) }
    }

    /// The stream that a read goes on with, or begins. One that it does not go on with is given up.
    fn stream_at(&self, offset: u64, bytes: usize) -> Option<Stream> {
        let goes_on = |stream: &Stream| (stream.at()..=stream.at() + SKIP_BYTES_MAX).contains(&offset);
        let open = self.stream.take().filter(goes_on);
        open.or_else(|| (bytes >= STREAM_BYTES_MIN).then(|| Stream::open(&self.blob, offset))?)
    }
}
