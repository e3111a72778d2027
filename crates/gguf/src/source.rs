//! Where bytes come from: anything with a size that fills a buffer from an offset.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// The future of one read. It is not `Send`: a browser's file handles stay on their thread.
pub type ReadFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReadError>> + 'a>>;

/// A random-access source of bytes whose content does not change: memory, a file, an HTTP resource.
pub trait ReadAt {
    /// The length of the whole source in bytes.
    fn size(&self) -> u64;

    /// Fills the whole of `buffer` with the bytes that start at `offset`, or fails; there are no short reads.
    ///
    /// A range that goes past [`size`](Self::size) is an error of kind [`ReadErrorKind::PastEnd`].
    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a>;

    /// The whole content where it is addressable already (bytes in memory, a mapped file), to spare a copy.
    fn mapped(&self) -> Option<&[u8]> {
        None
    }

    /// Says that these ranges of a mapped file are read next, in this order, so that a disk need not wait to be asked. It may do
    /// nothing, and what it cannot do is no error: reading will tell.
    fn will_read(&self, _ranges: &[Range<u64>]) {}

    /// Whether what follows a read is on its way before it is asked for, so that reading from the front to the back is faster.
    fn reads_ahead(&self) -> bool {
        false
    }
}

/// Why a read failed, for code that decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadErrorKind {
    /// The range goes past the end of the source.
    PastEnd,
    /// The file or device reported an error.
    Io,
    /// The connection failed or the server answered with an error; trying again may help.
    Network,
    /// The server does not answer range requests, so the source cannot be read in pieces.
    RangeNotSupported,
    /// The caller asked to stop.
    Cancelled,
}

/// A failed read: what kind of failure, and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What happened, for code.
    pub kind: ReadErrorKind,
    /// What happened, for people; names the source where that helps.
    pub message: String,
}

impl ReadError {
    /// A failure of this kind with this message.
    pub fn new(kind: ReadErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// `bytes` were asked for at `offset` of a source of `size` bytes, which does not hold them.
    pub fn past_end(offset: u64, bytes: u64, size: u64) -> Self {
        Self::new(
            ReadErrorKind::PastEnd,
            format!("{bytes} bytes were asked for at {offset}, the source ends at {size}"),
        )
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// A whole file in memory: a `Vec<u8>`, a `&[u8]` or whatever else lends bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory<T = Vec<u8>>(pub T);

impl<T: AsRef<[u8]>> ReadAt for Memory<T> {
    fn size(&self) -> u64 {
        self.0.as_ref().len() as u64
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        copy(self.0.as_ref(), offset, buffer)
    }

    fn mapped(&self) -> Option<&[u8]> {
        Some(self.0.as_ref())
    }
}

fn copy<'a>(content: &[u8], offset: u64, buffer: &mut [u8]) -> ReadFuture<'a> {
    let end = offset.checked_add(buffer.len() as u64);
    let result = match end {
        Some(end) if end <= content.len() as u64 => {
            buffer.copy_from_slice(&content[offset as usize..end as usize]);
            Ok(())
        }
        _ => Err(ReadError::past_end(offset, buffer.len() as u64, content.len() as u64)),
    };
    Box::pin(std::future::ready(result))
}

macro_rules! forward_to_inner {
    ($($pointer:ty),*) => {$(
        impl<T: ReadAt + ?Sized> ReadAt for $pointer {
            fn size(&self) -> u64 {
                (**self).size()
            }

            fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
                (**self).read_at(offset, buffer)
            }

            fn mapped(&self) -> Option<&[u8]> {
                (**self).mapped()
            }

            fn will_read(&self, ranges: &[Range<u64>]) {
                (**self).will_read(ranges);
            }

            fn reads_ahead(&self) -> bool {
                (**self).reads_ahead()
            }
        }
    )*};
}

forward_to_inner!(&T, Box<T>, Rc<T>, Arc<T>);
