//! Greedy continuations are those of the reference, token for token.

use crate::files::{Continuation, continuation, folder_of, long};
use crate::run::{block_on, exact, greedy, load, say};
use engine::{KvType, LoadOptions, PerLayerTable, Session};

/// Logits may differ by this much with an f32 cache; the note beside the goldens says why.
const TOLERANCE: f32 = 2e-3;
/// The same with an f16 cache.
const TOLERANCE_F16: f32 = 1e-1;

/// Compares up to the first step at which rounding may rightly choose another token; gives how many steps that is.
fn compare(session: &mut Session, expected: &Continuation, tolerance: f32, what: &str) -> usize {
    let said = say(session, &expected.prompt, &greedy(expected.greedy.len() as u32));
    let certain = expected.margins.iter().take_while(|&&margin| margin >= 4.0 * tolerance).count();
    assert_eq!(said.tokens[..certain], expected.greedy[..certain], "{what}");
    // The reference gives a whole run of byte tokens up where one byte of it belongs to no character; a stream cannot.
    let comparable = |text: &&String| certain == expected.greedy.len() && !text.contains('\u{fffd}');
    if let Some(text) = expected.text.as_ref().filter(comparable) {
        assert_eq!(&said.text, text, "{what}");
    }
    certain
}

/// Every prompt of a model's goldens, in one session.
fn check(model: &str) {
    if folder_of(model).is_none() {
        return;
    }
    let mut session = block_on(load(model, &exact(96)).session()).unwrap();
    assert_eq!(compare(&mut session, &long(model), TOLERANCE, model), 32);
    for name in ["0", "1", "2", "3"] {
        if let Some(expected) = continuation(model, name) {
            compare(&mut session, &expected, TOLERANCE, &format!("{model} prompt {name}"));
        }
    }
}

#[test]
fn dense_with_per_layer_embeddings() {
    check("tiny-dense-ple/ollama-q4_k_m");
    check("tiny-dense-ple/ollama-mix");
}

#[test]
fn keys_as_values() {
    check("tiny-kv/ollama-q4_k_m");
    check("tiny-kv/llama-q4_0");
}

#[test]
fn mixture_of_experts() {
    check("tiny-moe/ollama-q4_k_m");
    check("tiny-moe/ollama-split-q5_k");
}

#[test]
fn with_towers_in_the_file() {
    check("tiny-mm/ollama-q4_k_m");
}

fn check_options(model: &str, name: &str, options: &LoadOptions, tolerance: f32, least: usize) {
    let mut session = block_on(load(model, options).session()).unwrap();
    let compared = compare(
        &mut session,
        &continuation(model, name).unwrap(),
        tolerance,
        &format!("{model} {options:?}"),
    );
    assert!(compared >= least, "only {compared} steps of {model} are certain at {tolerance}");
}

#[test]
fn chunks_of_any_length() {
    for model in ["tiny-dense-ple/ollama-q4_k_m", "tiny-kv/ollama-q4_k_m", "tiny-moe/ollama-q4_k_m"] {
        check_options(model, "0", &exact(7), TOLERANCE, 32);
    }
    check_options("tiny-kv/llama-q4_0", "long", &exact(16), TOLERANCE, 32);
}

#[test]
fn a_cache_in_f16() {
    let options = LoadOptions { kv: KvType::F16, ..exact(96) };
    check_options("tiny-dense-ple/ollama-q4_k_m", "long", &options, TOLERANCE_F16, 1);
    check_options("tiny-kv/llama-q4_0", "long", &options, TOLERANCE_F16, 5);
}

#[test]
fn a_streamed_per_layer_table() {
    let options = LoadOptions { per_layer_table: PerLayerTable::Streamed, ..exact(96) };
    check_options("tiny-dense-ple/ollama-q4_k_m", "long", &options, TOLERANCE, 32);
    check_options("tiny-dense-ple/ollama-mix", "long", &options, TOLERANCE, 32);
}
