//! A resource that its server sends in ranges (RFC 9110, section 14).

use std::cell::RefCell;

use engine::{ReadAt, ReadError, ReadErrorKind, ReadFuture};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

use super::{PIECE_BYTES_MAX, check_range, failed};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &RequestInit) -> Promise;
}

/// Reads by Range requests.
pub(super) struct Http {
    url: String,
    size: u64,
    /// Ends the requests that are on their way; replaced when it has been used.
    abort: RefCell<AbortController>,
}

impl Http {
    /// Asks for one byte, which tells the size and whether the server answers ranges at all.
    pub(super) async fn open(url: String) -> Result<Http, ReadError> {
        let abort = AbortController::new().expect("wherever fetch is, it can be aborted");
        let mut http = Http { url, size: 0, abort: RefCell::new(abort) };
        http.size = http.get(0, &mut [0]).await?;
        Ok(http)
    }

    /// Ends the requests that are on their way.
    pub(super) fn abort(&self) {
        let fresh = AbortController::new().expect("one was made before");
        self.abort.replace(fresh).abort();
    }

    async fn read_piece(&self, offset: u64, piece: &mut [u8]) -> Result<(), ReadError> {
        let size = self.get(offset, piece).await?;
        if size != self.size {
            let message = format!("the file had {} bytes and now has {size}; load it again", self.size);
            return Err(self.error(ReadErrorKind::Network, &message));
        }
        Ok(())
    }

    /// Fills `piece` and returns the size of the whole resource.
    async fn get(&self, offset: u64, piece: &mut [u8]) -> Result<u64, ReadError> {
        let signal = self.abort.borrow().signal();
        let fault = |thrown: JsValue| match signal.aborted() {
            true => self.error(ReadErrorKind::Cancelled, "cancelled"),
            false => {
                let cause = failed(ReadErrorKind::Network, &self.url, &thrown);
                let remedy = "check the connection and the address, then try again";
                ReadError::new(cause.kind, format!("{}; {remedy}", cause.message))
            }
        };
        let headers = Headers::new().map_err(fault)?;
        let last = offset + piece.len() as u64 - 1;
        headers.set("Range", &format!("bytes={offset}-{last}")).map_err(fault)?;
        let init = RequestInit::new();
        init.set_headers_headers(&headers);
        init.set_signal(Some(&signal));
        // The browser's cache would keep gigabytes that the user may have stored already.
        init.set_cache(RequestCache::NoStore);
        let response: Response = fetch(&self.url, &init).await.map_err(fault)?.unchecked_into();
        let size = self.check_answer(&response, [offset, last]).inspect_err(|_| {
            // A server without Range has begun to send the whole file.
            if let Some(body) = response.body() {
                let _stopped: Promise = body.cancel();
            }
        })?;
        let bytes = response.array_buffer().map_err(fault)?.await.map_err(fault)?;
        let bytes = Uint8Array::new(&bytes);
        if bytes.length() as usize != piece.len() {
            let (asked, got) = (piece.len(), bytes.length());
            let message = format!("{asked} bytes were asked for at {offset}, {got} came");
            return Err(self.error(ReadErrorKind::Network, &message));
        }
        bytes.copy_to(piece);
        Ok(size)
    }

    /// The size of the whole resource, if this is the part of it that was asked for.
    fn check_answer(&self, response: &Response, expected: [u64; 2]) -> Result<u64, ReadError> {
        match response.status() {
            206 => {}
            200 => {
                let message = "the server ignores Range requests and sends the whole file; download it and pick \
                               the file, or use a server that answers ranges";
                return Err(self.error(ReadErrorKind::RangeNotSupported, message));
            }
            status => {
                let message = format!("the server answered {status} {}", response.status_text());
                return Err(self.error(ReadErrorKind::Network, message.trim_end()));
            }
        }
        // Servers on other origins must allow this header to be read.
        let Some(header) = response.headers().get("Content-Range").ok().flatten() else {
            let message = "the server does not let the page read its Content-Range header; it must send \
                           Access-Control-Expose-Headers: Content-Range";
            return Err(self.error(ReadErrorKind::RangeNotSupported, message));
        };
        match content_range(&header) {
            Some([first, last, size]) if [first, last] == expected => Ok(size),
            _ => {
                let message =
                    format!("asked for bytes {}-{}, the server sent {header}", expected[0], expected[1]);
                Err(self.error(ReadErrorKind::Network, &message))
            }
        }
    }

    fn error(&self, kind: ReadErrorKind, message: &str) -> ReadError {
        ReadError::new(kind, format!("{}: {message}", self.url))
    }
}

impl ReadAt for Http {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        Box::pin(async move {
            check_range(offset, buffer.len(), self.size)?;
            let mut at = offset;
            for piece in buffer.chunks_mut(PIECE_BYTES_MAX) {
                self.read_piece(at, piece).await?;
                at += piece.len() as u64;
            }
            Ok(())
        })
    }
}

/// First byte, last byte and size of `bytes 0-99/1000`; none for anything else, such as an unknown size.
fn content_range(header: &str) -> Option<[u64; 3]> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some([first.parse().ok()?, last.parse().ok()?, size.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Option<[u64; 3]>) {
        assert_eq!(content_range(header), expected, "{header}");
    }

    #[test]
    fn content_range_is_read() {
        check("bytes 0-99/1000", Some([0, 99, 1000]));
        check("bytes 5000000000-5000000001/9000000000", Some([5_000_000_000, 5_000_000_001, 9_000_000_000]));
        check("bytes 0-99/*", None);
        check("bytes */1000", None);
        check("items 0-99/1000", None);
        check("", None);
    }
}
