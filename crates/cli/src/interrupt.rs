//! Ctrl-C: the first one stops the work that is under way, a second one, or one without work, the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use engine::Cancel;

use crate::failure::{Failure, INTERRUPTED};

/// Listens for Ctrl-C while it lives; there is one in a process.
#[derive(Clone)]
pub(crate) struct Interrupt {
    cancel: Cancel,
    working: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts to listen.
    pub(crate) fn listen() -> Result<Interrupt, Failure> {
        let interrupt = Interrupt { cancel: Cancel::new(), working: Arc::new(AtomicBool::new(false)) };
        let handler = interrupt.clone();
        ctrlc::set_handler(move || handler.pressed())
            .map_err(|error| Failure::Input { name: "Ctrl-C".to_owned(), problem: error.to_string() })?;
        Ok(interrupt)
    }

    fn pressed(&self) {
        if !self.working.load(SeqCst) || self.cancel.is_cancelled() {
            exit_at_once();
        }
        self.cancel.cancel();
    }

    /// What to give to work that can be stopped.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Does work that Ctrl-C stops through [`Interrupt::cancel`]. Work may end before it looks there, so whoever goes on to
    /// something else asks [`Interrupt::check`] first.
    pub(crate) async fn stops<T>(&self, work: impl Future<Output = T>) -> T {
        self.working.store(true, SeqCst);
        let result = work.await;
        self.working.store(false, SeqCst);
        result
    }

    /// An error once Ctrl-C was pressed.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// Forgets what was pressed, where it was for one piece of work and others follow.
    pub(crate) fn forget(&self) {
        self.cancel.reset();
    }
}

/// Has Ctrl-C, and whoever tells the process to end, end it at once, for a command that has nothing to finish. Left to the system
/// that would not do: a process with the id 1, as a container's first one has, gets no signal that it has not asked for.
#[cfg(unix)]
pub(crate) fn ends_the_process() {
    extern "C" fn end(signal: libc::c_int) {
        // SAFETY: The call ends the process, touches no memory of it, and may be made whatever was interrupted.
        unsafe { libc::_exit(128 + signal) }
    }
    let handler = end as extern "C" fn(libc::c_int) as libc::sighandler_t;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: The call takes a number and a function that lives as long as the process.
        unsafe {
            libc::signal(signal, handler);
        }
    }
}

/// Elsewhere the system does it.
#[cfg(not(unix))]
pub(crate) fn ends_the_process() {}

/// Ends the process without what drivers have registered to be done at its end: they would wait for the GPU, and
/// whoever presses a second time does not want to. Results are flushed as they are printed.
fn exit_at_once() -> ! {
    let code = i32::from(INTERRUPTED);
    #[cfg(unix)]
    // SAFETY: The call ends the process and touches no memory of it.
    unsafe {
        libc::_exit(code)
    }
    #[cfg(not(unix))]
    std::process::exit(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pressed_for_work_that_does_not_look_is_kept_for_what_follows() {
        let interrupt = Interrupt { cancel: Cancel::new(), working: Arc::new(AtomicBool::new(false)) };
        let stops = |work: &dyn Fn()| pollster::block_on(interrupt.stops(async { work() }));
        stops(&|| {});
        assert!(interrupt.check().is_ok());
        stops(&|| interrupt.pressed());
        assert!(matches!(interrupt.check(), Err(Failure::Interrupted)));
        stops(&|| assert!(interrupt.cancel().is_cancelled(), "the next work sees it"));
        interrupt.forget();
        assert!(interrupt.check().is_ok());
    }
}
