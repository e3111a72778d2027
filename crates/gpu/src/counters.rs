//! Deterministic counts of what a device was asked to do.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// How often things happened on a device since it was made. Take two and subtract to see one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Buffers made, readbacks included.
    pub buffers_created: u64,
    /// Bind groups made.
    pub bind_groups_created: u64,
    /// Pipelines compiled; a pipeline found in the cache does not count.
    pub pipelines_created: u64,
    /// Submissions to the queue, those that only flush writes included.
    pub submits: u64,
    /// Dispatches submitted.
    pub dispatches: u64,
    /// Bytes written from the processor.
    pub bytes_written: u64,
    /// Bytes brought back to the processor.
    pub bytes_read: u64,
}

impl std::ops::Sub for Counters {
    type Output = Counters;

    fn sub(self, earlier: Counters) -> Counters {
        Counters {
            buffers_created: self.buffers_created - earlier.buffers_created,
            bind_groups_created: self.bind_groups_created - earlier.bind_groups_created,
            pipelines_created: self.pipelines_created - earlier.pipelines_created,
            submits: self.submits - earlier.submits,
            dispatches: self.dispatches - earlier.dispatches,
            bytes_written: self.bytes_written - earlier.bytes_written,
            bytes_read: self.bytes_read - earlier.bytes_read,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) buffers_created: Count,
    pub(crate) bind_groups_created: Count,
    pub(crate) pipelines_created: Count,
    pub(crate) submits: Count,
    pub(crate) dispatches: Count,
    pub(crate) bytes_written: Count,
    pub(crate) bytes_read: Count,
}

impl Counts {
    pub(crate) fn read(&self) -> Counters {
        Counters {
            buffers_created: self.buffers_created.get(),
            bind_groups_created: self.bind_groups_created.get(),
            pipelines_created: self.pipelines_created.get(),
            submits: self.submits.get(),
            dispatches: self.dispatches.get(),
            bytes_written: self.bytes_written.get(),
            bytes_read: self.bytes_read.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
