//! Buffers that were dropped while commands that may use them were being recorded.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A buffer must not be destroyed between recording and submission, so it waits here for open recorders.
#[derive(Debug, Default)]
pub(crate) struct Graveyard(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    recorders_open: usize,
    waiting: Vec<wgpu::Buffer>,
}

impl Graveyard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn recorder_opened(&self) {
        self.state().recorders_open += 1;
    }

    pub(crate) fn recorder_closed(&self) {
        let mut state = self.state();
        state.recorders_open -= 1;
        if state.recorders_open == 0 {
            for buffer in std::mem::take(&mut state.waiting) {
                buffer.destroy();
            }
        }
    }

    pub(crate) fn bury(&self, buffer: &wgpu::Buffer) {
        let mut state = self.state();
        if state.recorders_open == 0 {
            buffer.destroy();
        } else {
            state.waiting.push(buffer.clone());
        }
    }
}
