//! What is said of a token's probability is softmax of all the model's logits, whatever chose the token.

use crate::files::demo_bytes;
use crate::run::{Said, block_on, exact, greedy, load_source, say};
use engine::gemma4::Path;
use engine::{Cancel, GenerateOptions, Memory, Sampling, Session};
use std::rc::Rc;

const TOKENS: u32 = 16;
const PROMPT: [u32; 5] = [2, 105, 1000, 77, 4000];
const VOCABULARY: usize = 5120;
/// Goldens allow f32 logits to be off by as much; the prompt's path and the token's add in different orders.
const ERROR_MAX: f64 = 2e-3;

fn session() -> Session {
    block_on(load_source(Rc::new(Memory(demo_bytes())), &exact(32)).session()).unwrap()
}

/// ln softmax of each row, in f64 and by definition.
fn log_softmax(logits: &[f32]) -> Vec<Vec<f64>> {
    let row = |row: &[f32]| {
        let sum: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
        row.iter().map(|&logit| f64::from(logit) - sum.ln()).collect()
    };
    logits.chunks(VOCABULARY).map(row).collect()
}

fn answer(session: &mut Session, sampling: &Sampling, top_logprobs: Option<u32>) -> Said {
    session.reset();
    let options = GenerateOptions { sampling: sampling.clone(), top_logprobs, ..greedy(TOKENS) };
    say(session, &PROMPT, &options)
}

fn check(session: &mut Session, sampling: &Sampling, top: u32) {
    let said = answer(session, sampling, Some(top));
    assert_eq!(said.tokens, answer(session, sampling, None).tokens, "{sampling:?}: asking changes nothing");
    assert_eq!(said.logprobs.len(), TOKENS as usize, "{sampling:?}");
    let sequence = [&PROMPT, &said.tokens[..TOKENS as usize - 1]].concat();
    let logits = block_on(session.logits(&sequence, Path::Decode, &Cancel::new())).unwrap();
    let rows = log_softmax(&logits[(PROMPT.len() - 1) * VOCABULARY..]);
    for ((row, &id), found) in rows.iter().zip(&said.tokens).zip(&said.logprobs) {
        let near = |found: f64, id: u32| (found - row[id as usize]).abs() <= ERROR_MAX;
        assert!(near(found.chosen, id), "{sampling:?}: {} for {}", found.chosen, row[id as usize]);
        assert_eq!(found.top.len(), top as usize, "{sampling:?}");
        assert!(found.top.iter().all(|top| near(top.logprob, top.id)), "{sampling:?}: {found:?}");
        assert!(found.top.is_sorted_by(|a, b| a.logprob >= b.logprob), "{sampling:?}: {found:?}");
        let worst = found.top.last().map_or(f64::INFINITY, |last| last.logprob);
        let better = row.iter().filter(|&&logprob| logprob > worst + ERROR_MAX).count();
        assert!(
            better < found.top.len().max(1),
            "{sampling:?}: {better} are better than the last of {found:?}"
        );
    }
}

#[test]
fn logprobs_are_those_of_the_whole_vocabulary() {
    let mut session = session();
    let hot = || Sampling { temperature: 1.5, top_p: 1.0, seed: 3, ..Sampling::default() };
    check(&mut session, &Sampling::greedy(), 20);
    check(&mut session, &hot(), 5);
    // These read all logits, and add their exponentials on the CPU.
    check(&mut session, &Sampling { top_k: 0, ..hot() }, 20);
    // Token 4711 comes because it is pushed, and is as unlikely as before.
    let pushed = Sampling { logit_bias: vec![(4711, 60.0)], repetition_penalty: 1.3, ..hot() };
    check(&mut session, &pushed, 1);
    check(&mut session, &pushed, 0);
    let said = answer(&mut session, &pushed, Some(0));
    let of_pushed = said.tokens.iter().zip(&said.logprobs).find(|&(&id, _)| id == 4711);
    let (_, logprobs) = of_pushed.expect("a bias of 60 makes a token come");
    assert!(logprobs.chosen < -2.0, "a pushed token is likely all the same: {logprobs:?}");
}
