//! A file read in one go from some place on.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, ReadableStreamByobReader, ReadableStreamReadResult};

/// The browser brings at most so much at once.
const BUFFER_BYTES: u32 = 1 << 20;

/// The rest of a file, which the browser reads ahead of whoever takes it.
pub(super) struct Stream {
    reader: ReadableStreamByobReader,
    /// Every read fills it again: the browser takes it and gives it back as another object.
    buffer: ArrayBuffer,
    /// Where in the file the next byte is.
    at: u64,
}

impl Stream {
    /// From byte `at` on; none in browsers whose streams fill no buffer of the reader's.
    pub(super) fn open(file: &Blob, at: u64) -> Option<Stream> {
        let rest = file.slice_with_f64(at as f64).ok()?;
        let reader = ReadableStreamByobReader::new(&rest.stream()).ok()?;
        Some(Stream { reader, buffer: ArrayBuffer::new(BUFFER_BYTES), at })
    }

    /// Where in the file the next byte is.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Passes over some bytes.
    pub(super) async fn skip(&mut self, mut bytes: u64) -> Result<(), JsValue> {
        while bytes > 0 {
            bytes -= u64::from(self.next(bytes).await?.length());
        }
        Ok(())
    }

    /// Fills `into`.
    pub(super) async fn read(&mut self, into: &mut [u8]) -> Result<(), JsValue> {
        let mut filled = 0;
        while filled < into.len() {
            let bytes = self.next((into.len() - filled) as u64).await?;
            let end = filled + bytes.length() as usize;
            bytes.copy_to(&mut into[filled..end]);
            filled = end;
        }
        Ok(())
    }

    /// The next bytes, at least one and at most so many.
    async fn next(&mut self, bytes_max: u64) -> Result<Uint8Array, JsValue> {
        let length = bytes_max.min(BUFFER_BYTES.into()) as u32;
        let view = Uint8Array::new_with_byte_offset_and_length(&self.buffer, 0, length);
        let result = self.reader.read_with_array_buffer_view(&view).await?;
        let bytes = result.unchecked_into::<ReadableStreamReadResult>().get_value();
        let bytes: Uint8Array = bytes.dyn_into().map_err(|_| ended(self.at))?;
        self.buffer = bytes.buffer();
        self.at += u64::from(bytes.length());
        if bytes.length() == 0 { Err(ended(self.at)) } else { Ok(bytes) }
    }
}

fn ended(at: u64) -> JsValue {
    js_sys::Error::new(&format!("it ended at byte {at}; has the file changed?")).into()
}

impl Drop for Stream {
    fn drop(&mut self) {
        let cancelled = self.reader.cancel();
        // The stream of a file that has changed refuses this, too, and nobody else hears of it.
        spawn_local(async move { drop(cancelled.await) });
    }
}
