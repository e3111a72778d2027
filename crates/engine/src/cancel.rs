//! Stopping work from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A switch that stops loading or generating. Clones share it, and it may be thrown from another thread, such as the
/// handler of an interrupt key; whoever works looks at it between pieces of the work.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A switch that has not been thrown.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Throws the switch.
    pub fn cancel(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether it has been thrown.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Makes it ready for the next piece of work, where a program has one switch for all of them.
    pub fn reset(&self) {
        self.0.store(false, Relaxed);
    }
}
