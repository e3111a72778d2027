//! Where a model's bytes come from in JavaScript: a file, a private file of the page, a URL, or the caller's function.
//!
//! All sources read by position and in bounded pieces, so that a file never lies in WebAssembly memory as a whole.

mod callback;
mod file;
mod handle;
mod http;
mod stream;

use std::rc::Rc;

use engine::{ReadAt, ReadError, ReadErrorKind};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Blob, FileSystemSyncAccessHandle};

use crate::error::{Error, described};

/// Most bytes that are asked for at once: each is held a second time on the JavaScript side until it is copied.
const PIECE_BYTES_MAX: usize = 8 << 20;

/// A model's bytes.
#[wasm_bindgen]
pub struct Source {
    reader: Rc<dyn ReadAt>,
    http: Option<Rc<http::Http>>,
}

#[wasm_bindgen]
impl Source {
    /// A file that the user picked or dropped, or any other `Blob`. Nothing is copied.
    pub fn file(blob: Blob) -> Source {
        Source { reader: Rc::new(file::File::new(blob)), http: None }
    }

    /// A file in the page's private file system; the handle stays open until the source and its models are freed.
    ///
    /// Throws `READ_FAILED`.
    pub fn handle(handle: FileSystemSyncAccessHandle) -> Result<Source, JsValue> {
        let reader = handle::Handle::new(handle).map_err(Error::from)?;
        Ok(Source { reader: Rc::new(reader), http: None })
    }

    /// A promise of the resource at `url`, which its server must be willing to send in ranges.
    ///
    /// Rejects with `RANGE_NOT_SUPPORTED` or `NETWORK`.
    pub fn url(url: String) -> Promise {
        future_to_promise(async move {
            let http = Rc::new(http::Http::open(url).await.map_err(Error::from)?);
            Ok(Source { reader: Rc::clone(&http) as Rc<dyn ReadAt>, http: Some(http) }.into())
        })
    }

    /// `size` bytes that `read(offset, length)` gives as a `Uint8Array` or a promise of one.
    ///
    /// Throws `BAD_OPTION` for a size that is no whole number.
    pub fn callback(size: f64, read: Function) -> Result<Source, JsValue> {
        let reader = callback::Callback::new(size, read)?;
        Ok(Source { reader: Rc::new(reader), http: None })
    }

    /// Length in bytes.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.reader.size() as f64
    }

    /// Ends a request that is on its way; whoever waits for it gets `CANCELLED`. The source stays usable.
    pub fn abort(&self) {
        if let Some(http) = &self.http {
            http.abort();
        }
    }
}

impl Source {
    pub(crate) fn reader(&self) -> Rc<dyn ReadAt> {
        Rc::clone(&self.reader)
    }
}

/// Refuses a range that is not all inside the source.
fn check_range(offset: u64, bytes: usize, size: u64) -> Result<(), ReadError> {
    match offset.checked_add(bytes as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(ReadError::past_end(offset, bytes as u64, size)),
    }
}

/// Moves what a read brought into its place; anything but exactly the bytes asked for is an error.
fn fill(buffer: &mut [u8], bytes: &Uint8Array, offset: u64, source: &str) -> Result<(), ReadError> {
    if bytes.length() as usize != buffer.len() {
        let (asked, got) = (buffer.len(), bytes.length());
        return Err(ReadError::new(
            ReadErrorKind::Io,
            format!("{source}: {asked} bytes were asked for at {offset}, {got} came; has the file changed?"),
        ));
    }
    bytes.copy_to(buffer);
    Ok(())
}

fn failed(kind: ReadErrorKind, source: &str, thrown: &JsValue) -> ReadError {
    ReadError::new(kind, format!("{source}: {}", described(thrown)))
}
