//! Bringing results back.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::buffer::Allocation;
use crate::device::{Device, Inner};
use crate::recorder::Submission;
use crate::signal::signal;
use crate::{Account, Buffer, Error};

/// [`Device::read`] moves this many bytes at a time, so that reading a large buffer needs little memory.
const READ_CHUNK_BYTES: u64 = 16 << 20;

/// A prepared landing place for results. Reading makes no buffer.
#[derive(Debug)]
pub struct Readback {
    allocation: Arc<Allocation>,
    landing: Arc<Landing>,
    device: Device,
}

/// Which submission brings the bytes.
#[derive(Debug, Default)]
pub(crate) struct Landing(Mutex<Option<Expected>>);

#[derive(Clone, Debug)]
struct Expected {
    submission: Submission,
    index: Option<wgpu::SubmissionIndex>,
}

impl Landing {
    pub(crate) fn expect_from(&self, inner: &Inner, submission: Submission) {
        let expected = Expected { submission, index: inner.latest_index() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(expected);
    }

    fn expected(&self) -> Option<Expected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Device {
    /// A landing place for up to `bytes`, rounded up to a multiple of 4, charged to staging.
    ///
    /// # Errors
    /// As [`Device::buffer`].
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn readback(&self, name: &str, bytes: u64) -> Result<Readback, Error> {
        let flags = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let allocation = self.allocate(name, Account::Staging, bytes, flags)?;
        Ok(Readback { allocation, landing: Arc::default(), device: self.clone() })
    }

    /// The `bytes` of `buffer` at `offset`, after all work submitted so far. The slow path: it makes a buffer,
    /// submits and waits. Steps that are repeated use a [`Readback`].
    ///
    /// # Errors
    /// As [`Device::buffer`] and [`Readback::read`].
    ///
    /// # Panics
    /// When the range is outside the buffer.
    pub async fn read(&self, buffer: &Buffer, offset: u64, bytes: u64) -> Result<Vec<u8>, Error> {
        let length = buffer.bytes();
        assert!(
            offset <= length && bytes <= length - offset,
            "`{}`: {bytes} bytes at {offset} in a buffer of {length}",
            buffer.name()
        );
        self.inner().faults.surface(self.ledger())?;
        if bytes == 0 {
            return Ok(Vec::new());
        }
        // The GPU copies whole words; what is read too much is cut off at both ends.
        let (start, end) = (offset & !3, (offset + bytes).next_multiple_of(4));
        let readback = self.readback("read", READ_CHUNK_BYTES.min(end - start))?;
        let mut words = Vec::with_capacity((end - start) as usize);
        readback.append(buffer, start..end, &mut words).await?;
        let skip = (offset - start) as usize;
        words.drain(..skip);
        words.truncate(bytes as usize);
        Ok(words)
    }
}

impl Readback {
    /// The length, a multiple of 4.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.allocation.charge.bytes()
    }

    /// Appends what lies in `buffer` at these bytes, in as many copies as it takes, after all work submitted so far.
    ///
    /// # Errors
    /// As [`Readback::read`].
    ///
    /// # Panics
    /// When the range is outside the buffer, or its ends are no multiples of 4.
    pub async fn append(&self, buffer: &Buffer, range: Range<u64>, to: &mut Vec<u8>) -> Result<(), Error> {
        let mut at = range.start;
        while at < range.end {
            let part = self.bytes().min(range.end - at);
            let mut recorder = self.device.recorder();
            recorder.copy_to_readback(buffer, at, self, 0, part);
            self.device.submit(recorder);
            self.read_with(part, |bytes| to.extend_from_slice(bytes)).await?;
            at += part;
        }
        Ok(())
    }

    /// The first `bytes` that the latest submitted copy brought.
    ///
    /// # Errors
    /// [`Error::DeviceLost`]; [`Error::Validation`] and the like when earlier work was refused;
    /// [`Error::Readback`] when the bytes cannot be seen for another reason, such as two reads at the same time.
    ///
    /// # Panics
    /// When there are fewer bytes, or none were asked for.
    pub async fn read(&self, bytes: u64) -> Result<Vec<u8>, Error> {
        self.read_with(bytes, <[u8]>::to_vec).await
    }

    /// As [`Readback::read`], but lends the bytes to `look` instead of copying them.
    ///
    /// # Errors
    /// As [`Readback::read`].
    ///
    /// # Panics
    /// As [`Readback::read`].
    pub async fn read_with<T>(&self, bytes: u64, look: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
        assert!(
            bytes > 0 && bytes <= self.bytes(),
            "`{}`: {bytes} bytes asked of a readback of {}",
            self.name(),
            self.bytes()
        );
        let inner = self.device.inner();
        inner.faults.check_alive()?;
        let expected = self.landing.expected();
        let range = 0..bytes.next_multiple_of(4);
        let (sender, arrived) = signal();
        self.raw().map_async(wgpu::MapMode::Read, range.clone(), move |result| sender.send(result));
        // Unmaps also when this future is dropped while it waits, so that the next read works.
        let _mapped = Mapped(self.raw());
        let index = expected.as_ref().and_then(|expected| expected.index.clone());
        let mapped = inner.arrival(arrived, index).await?;
        inner.faults.surface(&inner.ledger)?;
        mapped.map_err(|error| self.failure(bytes, &error.to_string()))?;
        if let Some(expected) = expected {
            inner.ledger.passed(expected.submission.0);
        }
        let view =
            self.raw().get_mapped_range(range).map_err(|error| self.failure(bytes, &error.to_string()))?;
        inner.counts.bytes_read.add(bytes);
        Ok(look(&view[..bytes as usize]))
    }

    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.allocation.raw
    }

    pub(crate) fn landing(&self) -> Arc<Landing> {
        Arc::clone(&self.landing)
    }

    fn name(&self) -> &str {
        self.allocation.charge.name()
    }

    pub(crate) fn assert_range(&self, offset: u64, bytes: u64) {
        assert!(
            offset.is_multiple_of(4) && bytes.is_multiple_of(4),
            "`{}`: {bytes} bytes at {offset} are not whole words of 4",
            self.name()
        );
        assert!(
            offset <= self.bytes() && bytes <= self.bytes() - offset,
            "`{}`: {bytes} bytes at {offset} in a readback of {}",
            self.name(),
            self.bytes()
        );
    }

    fn failure(&self, bytes: u64, message: &str) -> Error {
        Error::Readback { name: self.name().to_owned(), bytes, message: message.to_owned() }
    }
}

struct Mapped<'a>(&'a wgpu::Buffer);

impl Drop for Mapped<'_> {
    fn drop(&mut self) {
        self.0.unmap();
    }
}
