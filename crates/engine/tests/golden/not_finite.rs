//! A model that computes no numbers says so.

use crate::files::{MODEL, model_bytes, short};
use crate::run::{block_on, collect, exact, greedy, load_source};
use engine::{Cancel, Error, GenerateOptions, Memory, Sampling};
use std::rc::Rc;

/// The last norm's weights are NaN from here on, as in a damaged download.
fn check(sampling: Sampling) {
    let mut file = model_bytes(MODEL);
    let tensor = engine::gguf::parse(&file).unwrap().tensor("output_norm.weight").unwrap().clone();
    file[tensor.offset as usize..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let model = load_source(Rc::new(Memory(file)), &exact(32));
    let mut session = block_on(model.session()).unwrap();
    let options = GenerateOptions { sampling, ..greedy(4) };
    let prompt = short().prompt;
    let error = collect(session.generate(&prompt, &options, &Cancel::new()).unwrap()).unwrap_err();
    assert!(matches!(error, Error::NotFinite { position: 26 }), "{error}");
    assert_eq!(error.code(), "NOT_FINITE");
    assert_eq!(session.tokens(), &[0; 0], "rows that may be no numbers are not reused");
}

#[test]
fn with_sampling() {
    check(Sampling::default());
}

#[test]
fn with_logits_that_are_edited() {
    check(Sampling { repetition_penalty: 1.1, ..Sampling::greedy() });
}

#[test]
fn with_the_choice_made_on_the_gpu() {
    check(Sampling::greedy());
}
