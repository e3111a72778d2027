//! A position in a source that moves forward, with a window of bytes around it.

use std::fmt;

use crate::error::Error;
use crate::limits::{HEADER_BYTES, Limit, NESTED_ARRAYS};
use crate::source::ReadAt;

/// What is being read, for messages; it costs nothing until one is written.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Start,
    KeyAt(u64),
    Key(&'a str),
    TensorAt(u64),
    Tensor(&'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Start => write!(f, "start of the file"),
            Place::KeyAt(index) => write!(f, "metadata key {index}"),
            Place::Key(key) => write!(f, "key `{key}`"),
            Place::TensorAt(index) => write!(f, "tensor {index}"),
            Place::Tensor(name) => write!(f, "tensor `{name}`"),
        }
    }
}

impl Place<'_> {
    /// The error that something here is not as the format wants it.
    pub(crate) fn malformed(self, problem: String) -> Error {
        Error::Malformed { what: self.to_string(), problem }
    }

    /// Passes `found` on if it is within `limit`.
    pub(crate) fn within(self, found: u64, limit: Limit) -> Result<u64, Error> {
        if found > limit.max {
            return Err(Error::OverLimit { what: self.to_string(), found, limit });
        }
        Ok(found)
    }
}

/// Reads forward through a window.
///
/// Bytes that were taken are dropped at the next refill, so no more than one window is held; the window grows
/// beyond its usual size only for a single item that is larger.
pub(crate) struct Cursor<'s> {
    source: &'s dyn ReadAt,
    file_size: u64,
    window_bytes: usize,
    window: Vec<u8>,
    taken: usize,      // bytes of the window that are behind the position
    window_start: u64, // offset of the window in the file
    nested: u64,       // arrays within arrays so far
}

impl<'s> Cursor<'s> {
    pub(crate) fn new(source: &'s dyn ReadAt, window_bytes: usize) -> Self {
        assert!(window_bytes > 0, "a window of 0 bytes holds nothing");
        let (window, file_size) = (Vec::new(), source.size());
        Self { source, file_size, window_bytes, window, taken: 0, window_start: 0, nested: 0 }
    }

    /// The offset of the next byte in the file.
    pub(crate) fn position(&self) -> u64 {
        self.window_start + self.taken as u64
    }

    pub(crate) fn file_size(&self) -> u64 {
        self.file_size
    }

    pub(crate) fn window_bytes(&self) -> usize {
        self.window_bytes
    }

    /// Checks that `items` of at least `item_bytes` each can follow here, so that memory may be reserved for them.
    pub(crate) fn expect(&self, place: Place<'_>, items: u64, item_bytes: u64) -> Result<(), Error> {
        let bytes = items.saturating_mul(item_bytes);
        let end = self.position().saturating_add(bytes);
        if end > self.file_size {
            return Err(Error::Truncated {
                what: place.to_string(),
                bytes,
                offset: self.position(),
                file_size: self.file_size,
            });
        }
        place.within(end, HEADER_BYTES).map(drop)
    }

    /// The next `bytes` bytes, and moves behind them.
    pub(crate) async fn take(&mut self, place: Place<'_>, bytes: usize) -> Result<&[u8], Error> {
        if self.window.len() - self.taken < bytes {
            self.expect(place, 1, bytes as u64)?;
            self.refill(bytes).await?;
        }
        let start = self.taken;
        self.taken += bytes;
        Ok(&self.window[start..self.taken])
    }

    /// The next `N` bytes by value.
    pub(crate) async fn bytes<const N: usize>(&mut self, place: Place<'_>) -> Result<[u8; N], Error> {
        let bytes = self.take(place, N).await?;
        Ok(bytes.try_into().expect("take gives as many bytes as were asked for"))
    }

    pub(crate) async fn u32(&mut self, place: Place<'_>) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.bytes(place).await?))
    }

    pub(crate) async fn u64(&mut self, place: Place<'_>) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.bytes(place).await?))
    }

    /// A count of items of at least `item_bytes` each, checked against `limit` and the rest of the file.
    pub(crate) async fn count(
        &mut self,
        place: Place<'_>,
        limit: Limit,
        item_bytes: u64,
    ) -> Result<u64, Error> {
        let count = place.within(self.u64(place).await?, limit)?;
        self.expect(place, count, item_bytes)?;
        Ok(count)
    }

    /// A count of arrays of at least `item_bytes` within an array, which count together with all before.
    pub(crate) async fn arrays(&mut self, place: Place<'_>, item_bytes: u64) -> Result<u64, Error> {
        let count = self.u64(place).await?;
        self.nested = place.within(self.nested.saturating_add(count), NESTED_ARRAYS)?;
        self.expect(place, count, item_bytes)?;
        Ok(count)
    }

    /// A string: its length in 8 bytes, then UTF-8.
    pub(crate) async fn string(&mut self, place: Place<'_>, limit: Limit) -> Result<&str, Error> {
        let length = self.count(place, limit, 1).await?;
        let bytes = self.take(place, length as usize).await?;
        std::str::from_utf8(bytes).map_err(|error| {
            place.malformed(format!("the string is not UTF-8 from its byte {}", error.valid_up_to()))
        })
    }

    /// Drops what was taken and reads on until `bytes` bytes are in the window; the file has them.
    async fn refill(&mut self, bytes: usize) -> Result<(), Error> {
        self.window_start += self.taken as u64;
        self.window.drain(..self.taken);
        self.taken = 0;
        let held = self.window.len();
        let in_file = self.file_size - self.window_start;
        let wanted = in_file.min(bytes.max(self.window_bytes) as u64) as usize;
        // An item beyond the usual window must not leave its memory behind.
        self.window.shrink_to(wanted);
        self.window.resize(wanted, 0);
        let at = self.window_start + held as u64;
        self.source.read_at(at, &mut self.window[held..]).await?;
        Ok(())
    }
}
