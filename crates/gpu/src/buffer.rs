//! GPU memory that is on the ledger.

use std::sync::Arc;

use crate::device::{Device, Inner};
use crate::ledger::Charge;
use crate::{Account, Error, Limits};

/// What a buffer is bound as. Every buffer can also be copied from, copied to and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `var<storage>`.
    Storage,
    /// `var<uniform>`.
    Uniform,
}

impl Usage {
    fn flags(self) -> wgpu::BufferUsages {
        let bound = match self {
            Usage::Storage => wgpu::BufferUsages::STORAGE,
            Usage::Uniform => wgpu::BufferUsages::UNIFORM,
        };
        bound | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST
    }

    /// What offsets are multiples of, and how long one binding may be.
    pub(crate) fn binding_rules(self, limits: &Limits) -> (u64, u64) {
        match self {
            Usage::Storage => (limits.storage_offset_alignment, limits.binding_bytes_max),
            Usage::Uniform => (limits.uniform_offset_alignment, limits.uniform_binding_bytes_max),
        }
    }
}

/// A buffer in GPU memory, charged to an account.
///
/// Its memory goes back, and its charge is credited, when the buffer and all bind groups made with it are dropped.
#[derive(Debug)]
pub struct Buffer {
    allocation: Arc<Allocation>,
    usage: Usage,
}

impl Buffer {
    /// The name given when the buffer was made.
    #[must_use]
    pub fn name(&self) -> &str {
        self.allocation.charge.name()
    }

    /// The length, a multiple of 4.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.allocation.charge.bytes()
    }

    /// The account that is charged.
    #[must_use]
    pub fn account(&self) -> Account {
        self.allocation.charge.account()
    }

    /// What the buffer is bound as.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.allocation.raw
    }

    pub(crate) fn allocation(&self) -> Arc<Allocation> {
        Arc::clone(&self.allocation)
    }

    /// Stops the program when `bytes` at `offset` are not inside, or not whole words.
    pub(crate) fn assert_range(&self, offset: u64, bytes: u64) {
        let (name, length) = (self.name(), self.bytes());
        assert!(
            offset.is_multiple_of(4) && bytes.is_multiple_of(4),
            "`{name}`: {bytes} bytes at {offset} are not whole words of 4"
        );
        assert!(
            offset <= length && bytes <= length - offset,
            "`{name}`: {bytes} bytes at {offset} in a buffer of {length}"
        );
    }
}

/// Memory with its charge.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) raw: wgpu::Buffer,
    pub(crate) charge: Charge,
    device: Arc<Inner>,
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // A browser frees a dropped buffer whenever its garbage collector gets there; destroying it is prompt.
        self.device.graveyard.bury(&self.raw);
    }
}

impl Device {
    /// A new buffer of `bytes`, rounded up to a multiple of 4, filled with zeros, charged to `account`.
    ///
    /// # Errors
    /// [`Error::BufferTooLarge`], [`Error::OutOfMemory`] from the budget, [`Error::DriverOutOfMemory`]
    /// (in a browser only inside [`Device::guarded`], since the answer comes later), [`Error::DeviceLost`].
    /// The ledger is unchanged by an error.
    ///
    /// # Panics
    /// When `bytes` is zero.
    pub fn buffer(&self, name: &str, account: Account, bytes: u64, usage: Usage) -> Result<Buffer, Error> {
        let allocation = self.allocate(name, account, bytes, usage.flags())?;
        Ok(Buffer { allocation, usage })
    }

    pub(crate) fn allocate(
        &self,
        name: &str,
        account: Account,
        bytes: u64,
        flags: wgpu::BufferUsages,
    ) -> Result<Arc<Allocation>, Error> {
        assert!(bytes > 0, "buffer `{name}` ({account}) has no bytes");
        let inner = self.inner();
        inner.faults.check_alive()?;
        let max = self.limits().buffer_bytes_max;
        if bytes > max {
            return Err(Error::BufferTooLarge { name: name.to_owned(), bytes, max });
        }
        let bytes = bytes.next_multiple_of(4);
        let charge = inner.ledger.reserve(self.scope(), account, name, bytes)?;
        let descriptor = wgpu::BufferDescriptor {
            label: Some(name),
            size: bytes,
            usage: flags,
            mapped_at_creation: false,
        };
        match create_checked(inner, &descriptor) {
            Ok(raw) => {
                inner.counts.buffers_created.add(1);
                Ok(Arc::new(Allocation { raw, charge, device: Arc::clone(inner) }))
            }
            Err(error) => {
                charge.refund();
                Err(error)
            }
        }
    }

    /// Writes `bytes` to `buffer` at `offset`, before all work that is submitted afterwards.
    ///
    /// # Panics
    /// When the range is outside the buffer or not in whole words of 4 bytes.
    pub fn write(&self, buffer: &Buffer, offset: u64, bytes: &[u8]) {
        let length = bytes.len() as u64;
        buffer.assert_range(offset, length);
        let inner = self.inner();
        inner.queue.write_buffer(buffer.raw(), offset, bytes);
        inner.counts.bytes_written.add(length);
        inner.bound_pending_writes(length);
    }

    /// Writes `pieces`, `length` bytes in all, one behind the other as [`Device::write`] does, without joining them first.
    ///
    /// # Panics
    /// When the range is outside the buffer or not in whole words of 4 bytes, or the pieces are longer.
    pub fn write_pieces<'a>(
        &self,
        buffer: &Buffer,
        offset: u64,
        length: u64,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) {
        buffer.assert_range(offset, length);
        let Some(size) = wgpu::BufferSize::new(length) else { return };
        let inner = self.inner();
        // None where the range is refused or the device is lost, which the next wait says.
        if let Some(mut view) = inner.queue.write_buffer_with(buffer.raw(), offset, size) {
            let mut at = 0;
            for piece in pieces {
                view.slice(at..at + piece.len()).copy_from_slice(piece);
                at += piece.len();
            }
        }
        inner.counts.bytes_written.add(length);
        inner.bound_pending_writes(length);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn create_checked(inner: &Inner, descriptor: &wgpu::BufferDescriptor<'_>) -> Result<wgpu::Buffer, Error> {
    let scopes = crate::error_scope::ErrorScopes::open(&inner.device);
    let raw = inner.device.create_buffer(descriptor);
    match crate::signal::now(scopes.close()).flatten() {
        Some(fault) => Err(fault.into_error(&inner.ledger)),
        None => Ok(raw),
    }
}

// The browser answers later: to the scopes of `guarded`, or as a fault that the next wait brings up.
#[cfg(target_arch = "wasm32")]
fn create_checked(inner: &Inner, descriptor: &wgpu::BufferDescriptor<'_>) -> Result<wgpu::Buffer, Error> {
    Ok(inner.device.create_buffer(descriptor))
}
