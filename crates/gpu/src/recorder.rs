//! Commands on their way to the queue.

use std::sync::Arc;

use crate::device::{Device, Inner};
use crate::pipeline::Compiled;
use crate::readback::Landing;
use crate::{BindGroup, Buffer, Limits, Pipeline, Readback};

/// Commands in the order in which they will run. Nothing runs before [`Device::submit`].
#[derive(Debug)]
pub struct Recorder {
    commands: Commands,
    dispatches: u64,
    landings: Vec<Arc<Landing>>,
    inner: Arc<Inner>,
}

#[derive(Debug)]
enum Commands {
    Open(wgpu::CommandEncoder),
    Finished(wgpu::CommandBuffer),
    /// Submitted, or about to be dropped.
    Gone,
}

/// Whether commands become the driver's only as they are submitted, which takes time while the GPU waits: so it is in Dawn, Chrome's
/// WebGPU, where a dispatch takes about 3 us then. Natively that is done as they are recorded.
pub const SUBMITTING_TAKES_TIME: bool = cfg!(target_arch = "wasm32");

/// A submission, numbered from 1 on each device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submission(pub(crate) u64);

impl Device {
    /// An empty recorder.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        let inner = Arc::clone(self.inner());
        inner.ledger.recorder_opened();
        inner.graveyard.recorder_opened();
        let encoder = inner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        Recorder { commands: Commands::Open(encoder), dispatches: 0, landings: Vec::new(), inner }
    }

    /// Hands the recorded commands to the queue and returns at once.
    pub fn submit(&self, mut recorder: Recorder) -> Submission {
        assert!(
            Arc::ptr_eq(self.inner(), &recorder.inner),
            "commands recorded for one device were submitted to another"
        );
        recorder.finish();
        let Commands::Finished(commands) = std::mem::replace(&mut recorder.commands, Commands::Gone) else {
            unreachable!("a recorder has its commands until they are submitted")
        };
        let landings = std::mem::take(&mut recorder.landings);
        let submission = self.inner().submit(Some(commands));
        self.inner().counts.dispatches.add(recorder.dispatches);
        for landing in landings {
            landing.expect_from(self.inner(), submission);
        }
        submission
    }
}

impl Recorder {
    fn encoder(&mut self) -> &mut wgpu::CommandEncoder {
        match &mut self.commands {
            Commands::Open(encoder) => encoder,
            Commands::Finished(_) | Commands::Gone => {
                panic!("a recorder takes no commands after it is finished")
            }
        }
    }

    /// Ends recording, which [`Device::submit`] does otherwise: to do the work of it while the GPU is busy with earlier
    /// commands. Buffers that are dropped from now until the submission keep their memory, as while recording.
    pub fn finish(&mut self) {
        self.commands = match std::mem::replace(&mut self.commands, Commands::Gone) {
            Commands::Open(encoder) => Commands::Finished(encoder.finish()),
            other => other,
        };
    }

    /// Records one compute pass. Dispatches in it run in order and see each other's results.
    pub fn pass(&mut self, label: &str, record: impl FnOnce(&mut Pass<'_>)) {
        let inner = Arc::clone(&self.inner);
        let raw = self
            .encoder()
            .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes: None });
        let mut pass = Pass { raw, limits: &inner.limits, current: None, dispatches: 0 };
        record(&mut pass);
        self.dispatches += pass.into_dispatches();
    }

    /// Copies `bytes` from `source` to `destination`.
    ///
    /// # Panics
    /// When a range is outside its buffer or not in whole words of 4 bytes.
    pub fn copy(
        &mut self,
        source: &Buffer,
        source_offset: u64,
        destination: &Buffer,
        destination_offset: u64,
        bytes: u64,
    ) {
        source.assert_range(source_offset, bytes);
        destination.assert_range(destination_offset, bytes);
        self.encoder().copy_buffer_to_buffer(
            source.raw(),
            source_offset,
            destination.raw(),
            destination_offset,
            Some(bytes),
        );
    }

    /// Copies `bytes` from `source` to where [`Readback::read`] finds them after submission.
    ///
    /// # Panics
    /// When a range is outside its buffer or not in whole words of 4 bytes.
    pub fn copy_to_readback(
        &mut self,
        source: &Buffer,
        source_offset: u64,
        readback: &Readback,
        destination_offset: u64,
        bytes: u64,
    ) {
        source.assert_range(source_offset, bytes);
        readback.assert_range(destination_offset, bytes);
        self.encoder().copy_buffer_to_buffer(
            source.raw(),
            source_offset,
            readback.raw(),
            destination_offset,
            Some(bytes),
        );
        self.landings.push(readback.landing());
    }

    /// Fills `buffer` with zeros.
    pub fn clear(&mut self, buffer: &Buffer) {
        self.encoder().clear_buffer(buffer.raw(), 0, None);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Commands that were never submitted go first, since they still hold their buffers.
        self.commands = Commands::Gone;
        self.inner.graveyard.recorder_closed();
        self.inner.ledger.recorder_closed();
    }
}

/// A compute pass being recorded.
#[derive(Debug)]
pub struct Pass<'pass> {
    raw: wgpu::ComputePass<'pass>,
    limits: &'pass Limits,
    current: Option<*const Compiled>,
    dispatches: u64,
}

impl Pass<'_> {
    fn into_dispatches(self) -> u64 {
        self.dispatches
    }

    /// Runs `pipeline` with `bind` in `groups` workgroups along x, y and z.
    ///
    /// # Panics
    /// When a number of groups is zero or more than the device allows.
    pub fn dispatch(&mut self, pipeline: &Pipeline, bind: &BindGroup, groups: [u32; 3]) {
        let max = self.limits.workgroups_per_dimension_max;
        assert!(
            groups.iter().all(|&n| n > 0 && u64::from(n) <= max),
            "`{}`: {groups:?} workgroups, each number must be 1 to {max}",
            pipeline.name()
        );
        let compiled = Arc::as_ptr(&pipeline.0);
        if self.current != Some(compiled) {
            self.raw.set_pipeline(&pipeline.0.raw);
            self.current = Some(compiled);
        }
        self.raw.set_bind_group(0, &bind.raw, &[]);
        self.raw.dispatch_workgroups(groups[0], groups[1], groups[2]);
        self.dispatches += 1;
    }
}
