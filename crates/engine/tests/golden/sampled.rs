//! Sampling reads back the best logits where they decide, and says what it would say of all logits.

use crate::files::demo_bytes;
use crate::run::{block_on, exact, greedy, load_source, say};
use engine::{GenerateOptions, Memory, Sampling, Session};
use std::rc::Rc;

const TOKENS: u32 = 24;
const PROMPT: [u32; 5] = [2, 105, 1000, 77, 4000];
/// The bits and ids of the best 256, 256 logits that biases and penalties may touch, and the sum of all exponentials.
const BEST_BYTES: u64 = 4 * (2 * 256 + 256 + 1);
const LOGIT_BYTES: u64 = 4 * 5120;

fn session() -> Session {
    block_on(load_source(Rc::new(Memory(demo_bytes())), &exact(32)).session()).unwrap()
}

/// What is said, with the bytes that each token brought back.
fn sample(session: &mut Session, sampling: &Sampling, bytes: u64) -> Vec<u32> {
    let options = GenerateOptions { sampling: sampling.clone(), ..greedy(TOKENS) };
    let device = session.model().device().clone();
    session.reset();
    let before = device.counters();
    let said = say(session, &PROMPT, &options).tokens;
    let made = device.counters() - before;
    assert_eq!(made.bytes_read, bytes * u64::from(TOKENS), "{sampling:?}");
    assert_eq!((made.buffers_created, made.bind_groups_created, made.pipelines_created), (0, 0, 0));
    said
}

/// So many biases of nothing that all logits are wanted.
fn with_all_logits(sampling: &Sampling) -> Sampling {
    let mut logit_bias = sampling.logit_bias.clone();
    logit_bias.extend((0..256).map(|id| (id, 0.0)));
    Sampling { logit_bias, ..sampling.clone() }
}

#[test]
fn the_best_logits_say_what_all_of_them_say() {
    let mut session = session();
    let hot = || Sampling { temperature: 1.5, top_p: 1.0, seed: 3, ..Sampling::default() };
    let penalized = || Sampling { repetition_penalty: 1.3, presence_penalty: 0.5, seed: 4, ..hot() };
    let mut said = Vec::new();
    for sampling in [
        hot(),
        Sampling { top_k: 256, ..hot() },
        penalized(),
        Sampling { top_k: 192, ..penalized() },
        Sampling { temperature: 0.0, ..penalized() },
        Sampling { logit_bias: vec![(4711, 9.0), (2, f32::NEG_INFINITY)], seed: 5, ..hot() },
    ] {
        let best = sample(&mut session, &sampling, BEST_BYTES);
        assert_eq!(best, sample(&mut session, &with_all_logits(&sampling), LOGIT_BYTES), "{sampling:?}");
        said.push(best);
    }
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 6, "settings make a difference");
}

#[test]
fn all_logits_are_read_where_all_of_them_count() {
    let mut session = session();
    sample(&mut session, &Sampling { top_k: 0, ..Sampling::default() }, LOGIT_BYTES);
    sample(&mut session, &Sampling { top_k: 257, ..Sampling::default() }, LOGIT_BYTES);
    sample(&mut session, &Sampling::greedy(), 4);
}
