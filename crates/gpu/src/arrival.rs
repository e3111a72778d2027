//! Waiting for the GPU.
//!
//! Natively the driver can wake who waits, which takes a tenth of a millisecond: a twentieth of a token on a large card. As long as
//! waits are short it is asked again and again instead, at the cost of a processor's time. In a browser the event loop brings the
//! news, but Chromium's GPU process looks whether work is done when commands reach it, and every two milliseconds otherwise, so that
//! news of it is a millisecond late: a fourth of a token. Closing an error scope is the cheapest command that is answered. As long
//! as waits are short one is sent whenever the last has been answered, which is a few times a millisecond, and no timer is needed.

use crate::Error;
#[cfg(not(target_arch = "wasm32"))]
use crate::adapter::AdapterKind;
use crate::device::Inner;
use crate::signal::Signal;
#[cfg(any(target_arch = "wasm32", test))]
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

#[cfg(not(target_arch = "wasm32"))]
impl Inner {
    /// What a callback of the queue or of a buffer sends, once submission `index` is done, or all of them.
    pub(crate) async fn arrival<T>(
        &self,
        signal: Signal<T>,
        index: Option<wgpu::SubmissionIndex>,
    ) -> Result<T, Error> {
        use std::sync::atomic::Ordering::Relaxed;
        /// Above it, what asking wins is less than a fortieth of a wait.
        const ASKING_MICROS_MAX: u64 = 5_000;
        let begun = std::time::Instant::now();
        let micros = || begun.elapsed().as_micros() as u64;
        let was_short = self.last_wait_micros.load(Relaxed) < ASKING_MICROS_MAX;
        // A software adapter needs the processor itself.
        let may = || was_short && self.adapter.kind != AdapterKind::Cpu && micros() < ASKING_MICROS_MAX;
        let ask = || self.device.poll(wgpu::PollType::Poll).is_ok();
        if !asked_until(|| signal.is_ready(), may, ask) {
            self.block_for(&signal, index)?;
        }
        self.last_wait_micros.store(micros(), Relaxed);
        Ok(signal.await)
    }

    /// Sleeps until the signal is there.
    fn block_for<T>(&self, signal: &Signal<T>, index: Option<wgpu::SubmissionIndex>) -> Result<(), Error> {
        // A submission that was refused has a number that the queue never reaches.
        if index.is_none() || self.block_on_queue(index).is_err() || !signal.is_ready() {
            self.block_on_queue(None)?;
        }
        // Another thread's poll may have taken the callback and not run it yet; on a lost device it never comes.
        if !signal.is_ready() {
            self.faults.check_alive()?;
        }
        Ok(())
    }
}

/// Asks again and again until it is `ready`, as long as it `may` and an answer comes; whether it is.
#[cfg(not(target_arch = "wasm32"))]
fn asked_until(ready: impl Fn() -> bool, may: impl Fn() -> bool, ask: impl Fn() -> bool) -> bool {
    while !ready() {
        if !may() || !ask() {
            return ready();
        }
        std::hint::spin_loop();
    }
    true
}

#[cfg(target_arch = "wasm32")]
impl Inner {
    /// What a callback of the queue or of a buffer sends.
    pub(crate) async fn arrival<T>(
        &self,
        signal: Signal<T>,
        _index: Option<wgpu::SubmissionIndex>,
    ) -> Result<T, Error> {
        use std::sync::atomic::Ordering::Relaxed;
        /// Above it, waits are not worth asking: a millisecond would not be noticed, the processor's work would.
        const ASKING_MICROS_MAX: u64 = 10_000;
        let begun = web_time::Instant::now();
        let micros = || begun.elapsed().as_micros() as u64;
        let was_short = self.last_wait_micros.load(Relaxed) < ASKING_MICROS_MAX;
        // No work is done in the scope, so that there is no error to hear of.
        let ask = || self.device.push_error_scope(wgpu::ErrorFilter::Validation).pop();
        let value = asking(signal, || was_short && micros() < ASKING_MICROS_MAX, ask).await;
        self.last_wait_micros.store(micros(), Relaxed);
        Ok(value)
    }
}

/// A future's output; as long as `may` allows it, something is asked meanwhile, one question after the other.
#[cfg(any(target_arch = "wasm32", test))]
async fn asking<T, A: Future>(
    future: impl Future<Output = T>,
    may: impl Fn() -> bool,
    ask: impl Fn() -> A,
) -> T {
    let mut future = pin!(future);
    let mut answer = pin!(None::<A>);
    poll_fn(|context| {
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(value);
            }
            if let Some(open) = answer.as_mut().as_pin_mut()
                && open.poll(context).is_pending()
            {
                return Poll::Pending;
            }
            if !may() {
                answer.set(None);
                return Poll::Pending;
            }
            answer.set(Some(ask()));
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{asked_until, asking};
    use crate::signal::signal;
    use std::cell::{Cell, RefCell};
    use std::future::{Future, ready};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn asks_again_when_answered_and_ends_with_the_value() {
        let (sender, value) = signal();
        let (questions, answers) = (Cell::new(0), RefCell::new(Vec::new()));
        let ask = || {
            questions.set(questions.get() + 1);
            let (sender, answer) = signal();
            answers.borrow_mut().push(sender);
            answer
        };
        let mut waiting = pin!(asking(value, || true, ask));
        let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!((poll(), questions.get()), (Poll::Pending, 1));
        assert_eq!((poll(), questions.get()), (Poll::Pending, 1));
        answers.borrow_mut().remove(0).send(());
        assert_eq!((poll(), questions.get()), (Poll::Pending, 2));
        sender.send(7);
        assert_eq!((poll(), questions.get()), (Poll::Ready(7), 2));
    }

    #[test]
    fn stops_asking_when_it_may_not() {
        let (sender, value) = signal();
        let left = Cell::new(3);
        let may = || left.replace(left.get().max(1) - 1) > 0;
        // Answers at once, as a lost device does: without an end to it nothing else would have a turn.
        let mut waiting = pin!(asking(value, may, || ready(())));
        let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll(), Poll::Pending);
        assert_eq!(left.get(), 0);
        sender.send(1);
        assert_eq!(poll(), Poll::Ready(1));
    }

    #[test]
    fn asks_again_and_again_until_it_is_there() {
        let asked = Cell::new(0);
        let ask = || asked.replace(asked.get() + 1) < 4;
        assert!(asked_until(|| asked.get() == 3, || true, ask));
        assert_eq!(asked.get(), 3);
        assert!(!asked_until(|| false, || asked.get() < 4, ask), "it may not");
        assert_eq!(asked.get(), 4);
        assert!(!asked_until(|| false, || true, ask), "nobody answers");
        assert_eq!(asked.get(), 5);
    }
}
