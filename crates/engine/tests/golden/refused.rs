//! What cannot be answered is refused by name, and the session is as it was.

use crate::files::{MODEL, short};
use crate::run::{block_on, greedy, say, session};
use engine::gemma4::Path;
use engine::{Cancel, GenerateOptions, Sampling, Session};

fn check(session: &mut Session, prompt: &[u32], options: &GenerateOptions, code: &str, message: &str) {
    let held = session.tokens().to_vec();
    let error = session.generate(prompt, options, &Cancel::new()).map(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (code, message));
    assert_eq!(session.tokens(), held);
}

#[test]
fn prompts_and_options_that_cannot_be() {
    let expected = short();
    let mut session = session(MODEL, 32);
    say(&mut session, &expected.prompt[..15], &greedy(1));
    let fine = greedy(1);
    check(
        &mut session,
        &[],
        &fine,
        "EMPTY_PROMPT",
        "the prompt has 0 tokens; at least 1 is needed, such as the token that starts every sequence",
    );
    check(&mut session, &[2, 768], &fine, "BAD_TOKEN", "token id 768 is outside the vocabulary of 768");
    check(
        &mut session,
        &[2; 161],
        &fine,
        "CONTEXT_FULL",
        "161 tokens do not fit the context of 160; start a new conversation or load with a larger context",
    );
    let sampling = Sampling { top_p: 2.0, ..Sampling::default() };
    let options = GenerateOptions { sampling, ..greedy(1) };
    check(&mut session, &[2], &options, "BAD_OPTION", "a top-p of 2 is out of range: above 0, up to 1");
    let stops = |stop: Vec<String>| GenerateOptions { stop, ..greedy(1) };
    check(
        &mut session,
        &[2],
        &stops(vec![String::new()]),
        "BAD_OPTION",
        "a stop string's length in bytes of 0 is out of range: 1 to 1024",
    );
    check(
        &mut session,
        &[2],
        &stops(vec!["x".to_owned(); 65]),
        "BAD_OPTION",
        "a number of stop strings of 65 is out of range: at most 64",
    );
    check(
        &mut session,
        &[2],
        &GenerateOptions { top_logprobs: Some(21), ..greedy(1) },
        "BAD_OPTION",
        "a number of top logprobs of 21 is out of range: at most 20",
    );
    for ids in [&[][..], &[768], &[2; 161]] {
        assert!(block_on(session.logits(ids, Path::Prompt, &Cancel::new())).is_err());
    }
    let said = say(&mut session, &expected.prompt, &greedy(6));
    assert_eq!(said.tokens, expected.greedy[..6]);
    assert_eq!(said.finished.usage.reused_tokens, 15);
}
