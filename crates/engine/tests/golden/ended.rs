//! Every way in which an answer ends by itself, and that a seed decides what it says.

use crate::files::{MODEL, short};
use crate::run::{Said, greedy, say, session};
use engine::{FinishReason, GenerateOptions, Sampling, Session};

/// A session, and a prompt whose continuation is text of all kinds, broken characters included.
fn talkative() -> (Session, Vec<u32>) {
    (session(MODEL, 32), short().prompt)
}

fn ended(said: &Said, reason: FinishReason, tokens: usize) {
    assert_eq!(said.finished.reason, reason);
    assert_eq!(said.finished.usage.generated_tokens as usize, tokens);
    assert_eq!(said.tokens.len(), tokens);
}

#[test]
fn the_maximum_of_tokens() {
    let (mut session, prompt) = talkative();
    ended(&say(&mut session, &prompt, &greedy(5)), FinishReason::Length, 5);
    ended(&say(&mut session, &prompt, &greedy(0)), FinishReason::Length, 0);
    assert_eq!(session.tokens(), prompt);
}

/// Of every step, the last one too: what is said of an answer's speed is made of them.
#[test]
fn timings_are_of_all_steps() {
    let (mut session, prompt) = talkative();
    let one = say(&mut session, &prompt, &greedy(1)).finished.timings;
    assert!(one.prompt_seconds > 0.0 && one.first_token_seconds >= one.prompt_seconds, "{one:?}");
    assert_eq!(one.decode_seconds, 0.0);
    let two = say(&mut session, &prompt, &greedy(2)).finished.timings;
    assert!(two.decode_seconds > 0.0, "{two:?}");
}

#[test]
fn a_full_context() {
    let expected = short();
    let options = engine::LoadOptions { context: Some(31), ..crate::run::exact(31) };
    let mut session = pollster::block_on(crate::run::load(MODEL, &options).session()).unwrap();
    let said = say(&mut session, &expected.prompt, &GenerateOptions { max_tokens: None, ..greedy(0) });
    ended(&said, FinishReason::ContextFull, 5);
    assert_eq!(said.tokens, expected.greedy[..5]);
    assert_eq!(session.position(), 31);
    // The next prompt may be one of any length again.
    let said = say(&mut session, &expected.prompt[..20], &greedy(3));
    ended(&said, FinishReason::Length, 3);
}

#[test]
fn a_stop_token() {
    let (mut session, prompt) = talkative();
    let all = say(&mut session, &prompt, &greedy(16));
    let stop = all.tokens[6];
    let before = all.tokens.iter().position(|&id| id == stop).unwrap();
    let options = GenerateOptions { stop_tokens: Some(vec![stop]), ..greedy(16) };
    let said = say(&mut session, &prompt, &options);
    ended(&said, FinishReason::Stop, before);
    assert_eq!(said.tokens, all.tokens[..before]);
    assert!(all.text.starts_with(&said.text));
}

#[test]
fn a_stop_string_in_any_place() {
    let (mut session, prompt) = talkative();
    let all = say(&mut session, &prompt, &greedy(16));
    let places: Vec<usize> = all.text.char_indices().map(|(at, _)| at).chain([all.text.len()]).collect();
    let mut spanning = 0;
    for characters in [1, 2, 4] {
        for first in (0..places.len().saturating_sub(characters)).step_by(4) {
            let stop = &all.text[places[first]..places[first + characters]];
            let options = GenerateOptions { stop: vec!["never".to_owned(), stop.to_owned()], ..greedy(16) };
            let said = say(&mut session, &prompt, &options);
            assert_eq!(said.finished.reason, FinishReason::StopString, "{stop:?}");
            assert_eq!(said.text, all.text[..all.text.find(stop).unwrap()], "{stop:?}");
            spanning += usize::from(!all.texts.iter().any(|text| text.contains(stop)));
            assert!(prompt.iter().chain(&said.tokens).zip(session.tokens()).all(|(said, held)| said == held));
        }
    }
    assert!(spanning > 3, "only {spanning} of the stop strings span tokens");
}

#[test]
fn a_stop_string_that_is_never_completed() {
    let (mut session, prompt) = talkative();
    let all = say(&mut session, &prompt, &greedy(8));
    let stop = format!("{}and more", all.text.chars().last().unwrap());
    let said = say(&mut session, &prompt, &GenerateOptions { stop: vec![stop], ..greedy(8) });
    ended(&said, FinishReason::Length, 8);
    assert_eq!(said.text, all.text);
}

#[test]
fn a_seed_decides() {
    let (mut session, prompt) = talkative();
    let mut with = |seed| {
        let sampling = Sampling { temperature: 4.0, seed, ..Sampling::default() };
        say(&mut session, &prompt, &GenerateOptions { sampling, ..greedy(12) }).tokens
    };
    let first = with(1);
    assert_eq!(with(1), first);
    assert_ne!(with(2), first);
}

#[test]
fn settings_reach_the_choice() {
    let (mut session, prompt) = talkative();
    let mut with =
        |sampling: Sampling| say(&mut session, &prompt, &GenerateOptions { sampling, ..greedy(12) }).tokens;
    let plain = with(Sampling::greedy());
    assert_eq!(with(Sampling { top_k: 1, ..Sampling::default() }), plain);
    assert_eq!(with(Sampling { logit_bias: vec![(500, 1e6)], ..Sampling::greedy() }), [500; 12]);
    let mut once = with(Sampling { presence_penalty: 100.0, ..Sampling::greedy() });
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), 12, "a token came twice in spite of the penalty");
}
