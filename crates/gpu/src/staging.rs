//! Bringing many bytes to the GPU.
//!
//! In a browser `queue.writeBuffer` copies bytes into memory that is allocated for them, twice and in two processes: 1 to 2 GB/s
//! in Chromium on the host of a large card, where buffers that stay mapped and are used in turn took 9 to 10.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::buffer::Allocation;
use crate::device::{Device, Inner};
use crate::signal::{Signal, signal};
use crate::{Account, Buffer, Error};

/// Buffers that are mapped, filled and copied from in turn.
#[derive(Debug)]
pub struct Staging {
    device: Device,
    /// The one that was used longest ago comes first.
    slots: VecDeque<Slot>,
}

#[derive(Debug)]
struct Slot {
    allocation: Arc<Allocation>,
    /// The submission that copies from it.
    index: Option<wgpu::SubmissionIndex>,
    /// Comes when the copy is done; none once it came.
    mapped: Option<Signal<Result<(), wgpu::BufferAsyncError>>>,
}

impl Device {
    /// `slots` buffers of `bytes` each, rounded up to a multiple of 4, charged to staging.
    ///
    /// # Errors
    /// As [`Device::buffer`].
    ///
    /// # Panics
    /// When `slots` or `bytes` is zero.
    pub fn staging(&self, name: &str, slots: usize, bytes: u64) -> Result<Staging, Error> {
        assert!(slots > 0, "staging `{name}` has no buffers");
        let flags = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        let slot = |_| Ok(Slot::new(self.allocate(name, Account::Staging, bytes, flags)?));
        Ok(Staging { device: self.clone(), slots: (0..slots).map(slot).collect::<Result<_, Error>>()? })
    }
}

impl Slot {
    fn new(allocation: Arc<Allocation>) -> Slot {
        let mut slot = Slot { allocation, index: None, mapped: None };
        slot.map();
        slot
    }

    /// Asks for the buffer to be mapped as soon as nothing is copied from it any more.
    fn map(&mut self) {
        let (sender, mapped) = signal();
        self.raw().map_async(wgpu::MapMode::Write, .., move |result| sender.send(result));
        self.mapped = Some(mapped);
    }

    fn raw(&self) -> &wgpu::Buffer {
        &self.allocation.raw
    }

    /// Fills the mapped buffer and submits copies of it to where the bytes belong.
    fn copy<'a>(
        &mut self,
        inner: &Inner,
        writes: impl IntoIterator<Item = (&'a Buffer, u64, &'a [u8])>,
    ) -> Result<(), Error> {
        let mut encoder = inner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut at = 0;
        let mut filled = Filled::new(self.raw()).map_err(|error| self.failure(&error))?;
        for (buffer, offset, bytes) in writes {
            let length = bytes.len() as u64;
            buffer.assert_range(offset, length);
            if length > 0 {
                filled.set(at as usize, bytes);
                encoder.copy_buffer_to_buffer(self.raw(), at, buffer.raw(), offset, Some(length));
                at += length;
            }
        }
        drop(filled);
        self.raw().unmap();
        inner.submit(Some(encoder.finish()));
        inner.counts.bytes_written.add(at);
        self.index = inner.latest_index();
        Ok(())
    }

    fn failure(&self, cause: &dyn std::fmt::Display) -> Error {
        Error::Internal { message: format!("`{}` cannot be written: {cause}", self.allocation.charge.name()) }
    }
}

/// The memory of a mapped buffer.
#[cfg(not(target_arch = "wasm32"))]
struct Filled(wgpu::BufferViewMut);

// wgpu's view for writing is a copy in WebAssembly's memory, made from the buffer first and copied back later; that for reading
// gives the browser's own array.
#[cfg(target_arch = "wasm32")]
struct Filled(wgpu::BufferView);

impl Filled {
    fn new(buffer: &wgpu::Buffer) -> Result<Filled, wgpu::MapRangeError> {
        #[cfg(not(target_arch = "wasm32"))]
        return buffer.get_mapped_range_mut(..).map(Filled);
        #[cfg(target_arch = "wasm32")]
        buffer.get_mapped_range(..).map(Filled)
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        #[cfg(not(target_arch = "wasm32"))]
        self.0.slice(at..end).copy_from_slice(bytes);
        #[cfg(target_arch = "wasm32")]
        self.0.as_uint8array().subarray(at as u32, end as u32).copy_from(bytes);
    }
}

impl Staging {
    /// Waits until a buffer is free, so that the next write needs no waiting.
    ///
    /// # Errors
    /// [`Error::DeviceLost`]; [`Error::Validation`] and the like when earlier work was refused.
    pub async fn ready(&mut self) -> Result<(), Error> {
        let inner = self.device.inner();
        inner.faults.check_alive()?;
        let slot = &mut self.slots[0];
        let Some(mapped) = slot.mapped.take() else { return Ok(()) };
        let mapped = inner.arrival(mapped, slot.index.take()).await?;
        inner.faults.surface(&inner.ledger)?;
        mapped.map_err(|error| slot.failure(&error))
    }

    /// Writes each of `writes`, bytes to an offset of a buffer, before all work that is submitted afterwards. Together they fit in
    /// one buffer.
    ///
    /// # Errors
    /// [`Error::Internal`] when the driver does not let the bytes be written.
    ///
    /// # Panics
    /// When [`Staging::ready`] was not waited for, the bytes are more than a buffer has, or a range is outside its buffer or
    /// not in whole words of 4 bytes.
    pub fn write<'a>(
        &mut self,
        writes: impl IntoIterator<Item = (&'a Buffer, u64, &'a [u8])>,
    ) -> Result<(), Error> {
        let mut slot = self.slots.pop_front().expect("there is at least one");
        assert!(slot.mapped.is_none(), "`{}` was not waited for", slot.allocation.charge.name());
        let copied = slot.copy(self.device.inner(), writes);
        slot.map();
        self.slots.push_back(slot);
        copied
    }
}
