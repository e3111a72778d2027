//! Speculative decoding: the same answers in fewer steps.

use crate::files::{demo_bytes, model_bytes};
use crate::run::{Said, block_on, exact, greedy, load_source, say};
use engine::{FinishReason, GenerateOptions, Memory, Sampling, Session, Usage};
use std::rc::Rc;

const CHUNK: u32 = 32;
/// Its answers repeat themselves, with changes now and then.
const MODEL: &str = "tiny-moe/ollama-q4_k_m";

fn session(bytes: Vec<u8>) -> Session {
    block_on(load_source(Rc::new(Memory(bytes)), &exact(CHUNK)).session()).unwrap()
}

/// A text, a mark, and the text again but for its end.
fn begun_again() -> Vec<u32> {
    let text: Vec<u32> = (0..24).map(|i| 100 + i * i * 7 % 331).collect();
    [&[2], text.as_slice(), &[9], &text[..14]].concat()
}

/// Says it with so many guesses at most as without any, and leaves the session as that does.
fn said(session: &mut Session, draft_max: u32, options: &GenerateOptions) -> Said {
    let prompt = begun_again();
    session.reset();
    let plain = say(session, &prompt, options);
    let left = session.tokens().to_vec();
    session.reset();
    let guessed = say(session, &prompt, &GenerateOptions { draft_max, ..options.clone() });
    assert_eq!((&guessed.tokens, &guessed.texts), (&plain.tokens, &plain.texts), "{options:?}");
    assert_eq!(guessed.finished.reason, plain.finished.reason, "{options:?}");
    assert_eq!(session.tokens(), left, "{options:?}");
    guessed
}

fn counted(usage: &Usage) -> (u32, u32) {
    (usage.drafted_tokens, usage.accepted_tokens)
}

#[test]
fn guesses_change_no_answer() {
    let mut session = session(model_bytes(MODEL));
    let sampled = |seed| Sampling { temperature: 0.7, seed, ..Sampling::default() };
    for sampling in [Sampling::greedy(), sampled(0), sampled(1)] {
        let options = GenerateOptions { sampling, ..greedy(90) };
        // More than a chunk holds are as many as it holds.
        for draft_max in [3, 1000] {
            let usage = said(&mut session, draft_max, &options).finished.usage;
            let (drafted, accepted) = counted(&usage);
            assert!(accepted >= 40 && accepted <= drafted && drafted < 90, "{usage:?}");
        }
    }
}

#[test]
fn wrong_guesses_change_no_answer() {
    let mut session = session(demo_bytes());
    let usage = said(&mut session, 31, &greedy(80)).finished.usage;
    let (drafted, accepted) = counted(&usage);
    assert!(accepted >= 10 && drafted >= accepted + 10, "{usage:?}");
}

#[test]
fn an_answer_ends_in_the_middle_of_guesses_as_it_would_without() {
    let mut session = session(model_bytes(MODEL));
    let whole = said(&mut session, 31, &greedy(80));
    for max_tokens in 72..76 {
        let ended = said(&mut session, 31, &greedy(max_tokens));
        assert_eq!(ended.tokens, whole.tokens[..max_tokens as usize]);
        assert!(ended.finished.usage.accepted_tokens > 20, "{:?}", ended.finished.usage);
    }
    // The last token that comes up for the first time, late enough that most before it were guessed.
    let new = |&n: &usize| !whole.tokens[..n].contains(&whole.tokens[n]);
    let at = (0..whole.tokens.len()).rev().find(new).unwrap();
    let stop_tokens = Some(vec![whole.tokens[at]]);
    let ended = said(&mut session, 31, &GenerateOptions { stop_tokens, ..greedy(80) });
    assert_eq!((ended.finished.reason, ended.tokens.len()), (FinishReason::Stop, at));
    let full = said(&mut session, 31, &greedy(1000));
    assert_eq!(full.finished.reason, FinishReason::ContextFull);
    assert_eq!(session.position(), session.capacity());
}

#[test]
fn right_guesses_save_steps_and_make_nothing_new() {
    let mut session = session(model_bytes(MODEL));
    let device = session.model().device().clone();
    let mut counts = Vec::new();
    for draft_max in [0, 31] {
        session.reset();
        let before = device.counters();
        let said = say(&mut session, &begun_again(), &GenerateOptions { draft_max, ..greedy(90) });
        let made = device.counters() - before;
        assert_eq!((made.buffers_created, made.bind_groups_created, made.pipelines_created), (0, 0, 0));
        counts.push((made, said.finished.usage));
    }
    let [(plain, _), (guessed, usage)] = &counts[..] else { unreachable!() };
    // What is not guessed is a third of the tokens. Each guess still takes a head of its own.
    assert!(usage.accepted_tokens > 50, "{usage:?}");
    assert!(guessed.dispatches * 2 < plain.dispatches, "{guessed:?} and {plain:?}");
    assert!(guessed.submits * 3 < plain.submits * 2, "{guessed:?} and {plain:?}");
}

#[test]
fn log_probabilities_come_with_guesses_and_penalties_without() {
    let mut session = session(model_bytes(MODEL));
    let likely = said(&mut session, 31, &GenerateOptions { top_logprobs: Some(2), ..greedy(60) });
    assert!(likely.finished.usage.accepted_tokens > 20);
    assert_eq!(likely.logprobs.len(), likely.tokens.len());
    for (id, logprobs) in likely.tokens.iter().zip(&likely.logprobs) {
        assert_eq!(logprobs.top[0].id, *id);
    }
    let penalized = Sampling { repetition_penalty: 1.01, ..Sampling::greedy() };
    let said = said(&mut session, 31, &GenerateOptions { sampling: penalized, ..greedy(60) });
    assert_eq!(counted(&said.finished.usage), (0, 0));
}
