//! Work that is stopped half way leaves a session that goes on as if nothing had been.

use crate::files::{MODEL, model_bytes, short};
use crate::run::{block_on, collect, device, exact, greedy, load_file, load_source, open, say, session};
use engine::gemma4::Path;
use engine::gpu;
use engine::{
    Cancel, Error, Event, FinishReason, LoadOptions, Memory, PerLayerTable, ReadAt, ReadFuture, Session,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A file that does something at its n-th read from now on: the streamed per-layer table is read for every token, so
/// that is a moment inside a step.
struct Trap {
    file: Memory,
    reads_left: Cell<Option<u32>>,
    does: Does,
}

enum Does {
    /// The caller's switch is thrown.
    Cancel(Cancel),
    /// The read takes a while.
    Wait,
}

impl ReadAt for Trap {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        let left = self.reads_left.get();
        self.reads_left.set(left.and_then(|left| left.checked_sub(1)));
        let read = self.file.read_at(offset, buffer);
        match (&self.does, left) {
            (Does::Cancel(cancel), Some(0)) => cancel.cancel(),
            (Does::Wait, Some(0)) => {
                return Box::pin(async {
                    let mut asked = false;
                    std::future::poll_fn(|_| match std::mem::replace(&mut asked, true) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    })
                    .await;
                    read.await
                });
            }
            _ => {}
        }
        read
    }
}

fn trapped(does: Does) -> (Rc<Trap>, Session) {
    let trap = Rc::new(Trap { file: Memory(model_bytes(MODEL)), reads_left: Cell::new(None), does });
    let options = LoadOptions { per_layer_table: PerLayerTable::Streamed, ..exact(16) };
    let model = load_source(trap.clone(), &options);
    (trap, block_on(model.session()).unwrap())
}

/// The session holds `tokens` of the prompt and its continuation, and answers as the reference.
fn goes_on(session: &mut Session, tokens: usize) {
    let expected = short();
    let all: Vec<u32> = expected.prompt.iter().chain(&expected.greedy).copied().collect();
    assert_eq!(session.tokens(), &all[..tokens]);
    let said = say(session, &expected.prompt, &greedy(6));
    assert_eq!(said.tokens, expected.greedy[..6], "after {tokens} tokens");
    assert_eq!(said.finished.usage.reused_tokens as usize, tokens.min(26), "after {tokens} tokens");
}

fn check_prompt(reads: u32, tokens: usize) {
    let cancel = Cancel::new();
    let (trap, mut session) = trapped(Does::Cancel(cancel.clone()));
    trap.reads_left.set(Some(reads));
    let said = collect(session.generate(&short().prompt, &greedy(8), &cancel).unwrap()).unwrap();
    assert_eq!((said.finished.reason, said.tokens.len()), (FinishReason::Cancelled, 0));
    goes_on(&mut session, tokens);
}

#[test]
fn cancelled_in_the_prompt() {
    check_prompt(0, 0);
    check_prompt(20, 16); // in the second chunk of 16
}

#[test]
fn cancelled_before_it_began() {
    let mut session = session(MODEL, 16);
    let cancel = Cancel::new();
    cancel.cancel();
    let said = collect(session.generate(&short().prompt, &greedy(8), &cancel).unwrap()).unwrap();
    assert_eq!(said.finished.reason, FinishReason::Cancelled);
    assert_eq!(said.finished.timings.first_token_seconds, 0.0, "no token came");
    cancel.reset();
    assert!(!cancel.is_cancelled());
    goes_on(&mut session, 0);

    // The switch counts when the answer begins, not when it is asked for.
    cancel.cancel();
    let expected = short();
    let generation = session.generate(&expected.prompt, &greedy(8), &cancel).unwrap();
    cancel.reset();
    assert_eq!(collect(generation).unwrap().tokens, expected.greedy[..8]);
}

#[test]
fn the_device_lost() {
    // Not one of those that the tests pass around.
    let device = device(&gpu::Options::default());
    let model = load_file(&device, open(model_bytes(MODEL)), &exact(16)).unwrap();
    let mut session = block_on(model.session()).unwrap();
    say(&mut session, &short().prompt, &greedy(2));
    device.destroy();
    let error = collect(session.generate(&short().prompt, &greedy(8), &Cancel::new()).unwrap()).unwrap_err();
    assert_eq!(error.code(), "DEVICE_LOST");
    assert_eq!(session.tokens(), &[0; 0], "what a fault left in the cache is not reused");
}

#[test]
fn cancelled_between_tokens() {
    let mut session = session(MODEL, 16);
    let cancel = Cancel::new();
    let expected = short();
    let mut generation = session.generate(&expected.prompt, &greedy(8), &cancel).unwrap();
    let mut tokens = Vec::new();
    let finished = loop {
        match block_on(generation.next()).unwrap().unwrap() {
            Event::Token { id, .. } => {
                tokens.push(id);
                if tokens.len() == 3 {
                    cancel.cancel();
                }
            }
            Event::Finished(finished) => break finished,
            _ => {}
        }
    };
    assert_eq!((finished.reason, finished.usage.generated_tokens), (FinishReason::Cancelled, 3));
    assert_eq!(tokens, expected.greedy[..3]);
    drop(generation);
    goes_on(&mut session, 29);
}

#[test]
fn dropped_between_tokens() {
    let mut session = session(MODEL, 16);
    let expected = short();
    let mut generation = session.generate(&expected.prompt, &greedy(8), &Cancel::new()).unwrap();
    while block_on(generation.next()).unwrap()
        != Some(Event::Token { id: expected.greedy[1], logprobs: None })
    {}
    drop(generation);
    goes_on(&mut session, 28);
}

/// The future of a step is dropped where it waits for its n-th read.
fn check_dropped(reads: u32, tokens: usize) {
    let (trap, mut session) = trapped(Does::Wait);
    trap.reads_left.set(Some(reads));
    let mut generation = session.generate(&short().prompt, &greedy(8), &Cancel::new()).unwrap();
    loop {
        let mut step = std::pin::pin!(generation.next());
        match step.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(event) => assert!(event.unwrap().is_some(), "no read was the {reads}th"),
            Poll::Pending => break,
        }
    }
    drop(generation);
    goes_on(&mut session, tokens);
}

#[test]
fn dropped_inside_a_step() {
    check_dropped(3, 0);
    check_dropped(20, 16);
    // The first decoded token that was not in the prompt: rows of those that were are kept and not read again.
    let expected = short();
    let new = expected.greedy.iter().position(|id| !expected.prompt.contains(id)).expect("a new token");
    let mut distinct = expected.prompt.clone();
    distinct.sort_unstable();
    distinct.dedup();
    check_dropped(distinct.len() as u32, 27 + new);
}

#[test]
fn cancelled_logits() {
    let mut session = session(MODEL, 16);
    say(&mut session, &short().prompt, &greedy(0));
    let cancel = Cancel::new();
    cancel.cancel();
    for path in [Path::Prompt, Path::Decode] {
        let logits = block_on(session.logits(&short().prompt, path, &cancel));
        assert!(matches!(logits, Err(Error::Cancelled)), "{logits:?}");
    }
    goes_on(&mut session, 27);
}
