//! What the cache holds already is not computed again, and nothing changes by that.

use crate::files::{MODEL, short};
use crate::run::{block_on, greedy, say, session};
use engine::{Cancel, Event, FinishReason, Session};

/// After `first` tokens of the prompt and `extra` more of its continuation, the whole prompt reuses `reused`.
fn check(chunk: u32, first: usize, extra: u32, reused: u32) {
    let expected = short();
    let mut session = session(MODEL, chunk);
    say(&mut session, &expected.prompt[..first], &greedy(extra));
    let said = say(&mut session, &expected.prompt, &greedy(8));
    assert_eq!(said.tokens, expected.greedy[..8], "{first} + {extra} in chunks of {chunk}");
    assert_eq!(said.finished.usage.reused_tokens, reused, "{first} + {extra} in chunks of {chunk}");
    assert_eq!(said.finished.usage.prompt_tokens, 27);
    assert_eq!(said.finished.usage.generated_tokens, 8);
    held(&session, &[&expected.prompt, &said.tokens[..7]]);
}

/// The last token that was said has not been processed: nothing asked for what follows it.
fn held(session: &Session, parts: &[&[u32]]) {
    assert_eq!(session.tokens(), parts.concat());
    assert_eq!(session.position() as usize, session.tokens().len());
}

#[test]
fn the_common_start_of_two_prompts_is_reused() {
    check(16, 15, 1, 15);
    check(32, 1, 1, 1);
}

#[test]
fn the_same_prompt_again_computes_its_last_token() {
    check(32, 27, 1, 26);
    // The prompt's last token sees the positions from 11 on; a ring of 16 + 16 holds those until 43 are written.
    check(16, 27, 17, 26);
}

#[test]
fn a_ring_that_went_on_too_far_starts_anew() {
    check(16, 27, 18, 0);
}

#[test]
fn a_conversation_goes_on_where_it_was() {
    let expected = short();
    let mut session = session(MODEL, 16);
    let first = say(&mut session, &expected.prompt, &greedy(4));
    let next: Vec<u32> = [&expected.prompt[..], &first.tokens].concat();
    let second = say(&mut session, &next, &greedy(8));
    assert_eq!(second.tokens, expected.greedy[4..12]);
    assert_eq!(second.finished.usage.reused_tokens, 30);
}

#[test]
fn an_answer_that_is_cancelled_before_it_begins_takes_nothing_from_the_cache() {
    let expected = short();
    let mut session = session(MODEL, 16);
    say(&mut session, &expected.prompt, &greedy(1));
    let before = session.tokens().to_vec();
    let cancel = Cancel::default();
    cancel.cancel();
    let mut generation = session.generate(&[before[0] + 1], &greedy(1), &cancel).unwrap();
    let Some(Event::Finished(finished)) = block_on(generation.next()).unwrap() else { panic!("it goes on") };
    assert_eq!(finished.reason, FinishReason::Cancelled);
    drop(generation);
    assert_eq!(session.tokens(), before);
}

#[test]
fn truncating_forgets_what_follows() {
    let expected = short();
    let all = [&expected.prompt[..], &expected.greedy].concat();
    let mut session = session(MODEL, 16);
    say(&mut session, &expected.prompt, &greedy(10));
    assert!(!session.truncate(37), "there are 36");
    assert!(session.truncate(36));
    assert!(session.truncate(30));
    held(&session, &[&all[..30]]);
    assert!(!session.truncate(18), "the ring of 32 holds the positions from 4 on, and 18 - 1 sees 3");
    held(&session, &[&all[..30]]);
    // What was overwritten does not come back by truncating in steps.
    assert!(session.truncate(19));
    assert!(!session.truncate(18));
    let said = say(&mut session, &expected.prompt, &greedy(8));
    assert_eq!((said.tokens.as_slice(), said.finished.usage.reused_tokens), (&expected.greedy[..8], 19));
    session.reset();
    held(&session, &[]);
}
