//! Bytes that the caller's own function reads, such as Node's file handles.

use engine::{ReadAt, ReadError, ReadErrorKind, ReadFuture};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::{PIECE_BYTES_MAX, check_range, failed, fill};
use crate::error::Error;

const NAME: &str = "the caller's source";

/// The largest whole number that JavaScript's numbers count up to without gaps.
const SIZE_MAX: f64 = 9_007_199_254_740_991.0;

/// A size and a function of offset and length.
pub(super) struct Callback {
    size: u64,
    read: Function,
}

impl Callback {
    pub(super) fn new(size: f64, read: Function) -> Result<Callback, Error> {
        if size.fract() != 0.0 || !(0.0..=SIZE_MAX).contains(&size) {
            let problem = format!("{size} is no whole number from 0 to {SIZE_MAX}");
            return Err(Error::Argument { what: "size", problem });
        }
        Ok(Callback { size: size as u64, read })
    }

    async fn read_piece(&self, offset: u64, piece: &mut [u8]) -> Result<(), ReadError> {
        let fault = |thrown: JsValue| failed(ReadErrorKind::Io, NAME, &thrown);
        let [at, length] = [offset as f64, piece.len() as f64].map(JsValue::from_f64);
        let answer = self.read.call2(&JsValue::UNDEFINED, &at, &length).map_err(fault)?;
        let bytes = Promise::resolve(&answer).await.map_err(fault)?;
        let bytes: &Uint8Array = bytes.dyn_ref().ok_or_else(|| {
            ReadError::new(ReadErrorKind::Io, format!("{NAME}: a read did not give a Uint8Array"))
        })?;
        fill(piece, bytes, offset, NAME)
    }
}

impl ReadAt for Callback {
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
