//! Sessions as bytes.

use crate::files::{MODEL, model_bytes, short};
use crate::run::{block_on, exact, greedy, load, load_source, say, session};
use engine::{Error, KvType, LoadOptions, Memory, Model, Session};
use std::rc::Rc;

/// A session with `tokens` of the prompt.
fn filled(model: &Model, tokens: usize) -> Session {
    let mut session = block_on(model.session()).unwrap();
    say(&mut session, &short().prompt[..tokens], &greedy(0));
    session
}

fn goes_on(session: &mut Session, reused: u32) {
    let expected = short();
    let said = say(session, &expected.prompt, &greedy(6));
    assert_eq!(said.tokens, expected.greedy[..6]);
    assert_eq!(said.finished.usage.reused_tokens, reused);
}

fn check(kv: KvType, tokens: usize) {
    let options = LoadOptions { kv, ..exact(32) };
    let mut session = filled(&load(MODEL, &options), tokens);
    let bytes = block_on(session.save()).unwrap();
    // Loaded anew, as another process would.
    let mut other = block_on(load(MODEL, &options).session()).unwrap();
    block_on(other.restore(&bytes)).unwrap();
    assert_eq!(other.tokens(), &short().prompt[..tokens]);
    assert_eq!(block_on(other.save()).unwrap(), bytes, "saved again it is the same");
    let [here, there] = [&mut session, &mut other].map(|session| say(session, &short().prompt, &greedy(6)));
    assert_eq!(here.tokens, there.tokens);
    assert_eq!(there.finished.usage.reused_tokens as usize, tokens.min(26));
}

#[test]
fn a_saved_session_goes_on_elsewhere() {
    check(KvType::F32, 25);
    check(KvType::F16, 27);
    check(KvType::Q8, 26);
}

#[test]
fn what_a_ring_overwrote_is_known_after_restoring() {
    let expected = short();
    let model = load(MODEL, &exact(16));
    let mut session = block_on(model.session()).unwrap();
    say(&mut session, &expected.prompt, &greedy(10));
    assert!(session.truncate(19));
    let bytes = block_on(session.save()).unwrap();
    let mut other = block_on(model.session()).unwrap();
    block_on(other.restore(&bytes)).unwrap();
    assert!(!other.truncate(18), "the ring of 32 holds the positions from 4 on");
    goes_on(&mut other, 19);
}

#[test]
fn saving_takes_no_memory_of_the_device() {
    let model = load(MODEL, &exact(32));
    let session = filled(&model, 10);
    let (before, created) = (model.device().ledger().bytes(), model.device().counters().buffers_created);
    model.device().ledger().phase("save");
    block_on(session.save()).unwrap();
    let snapshot = model.device().ledger().snapshot();
    let saving = snapshot.phases.iter().find(|phase| phase.name == "save").expect("the phase");
    assert_eq!(saving.peak_bytes, before);
    assert_eq!(model.device().counters().buffers_created, created);
}

#[test]
fn restoring_replaces_what_was_there() {
    let model = load(MODEL, &exact(32));
    let bytes = block_on(filled(&model, 10).save()).unwrap();
    let mut other = filled(&model, 25);
    block_on(other.restore(&bytes)).unwrap();
    goes_on(&mut other, 10);
}

/// The state is refused with this message, and the session is what it was.
fn refused(session: &mut Session, bytes: &[u8], message: &str) {
    let before = session.tokens().to_vec();
    let error = block_on(session.restore(bytes)).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
    let code = if matches!(error, Error::OtherModel { .. }) { "OTHER_MODEL" } else { "BAD_STATE" };
    assert_eq!(error.code(), code);
    assert_eq!(session.tokens(), before);
}

#[test]
fn a_state_of_another_model_is_refused() {
    let bytes = block_on(filled(&load(MODEL, &exact(32)), 20).save()).unwrap();
    refused(&mut session("tiny-moe/ollama-q4_k_m", 32), &bytes, "belongs to model");
    // The same header with other weights, as fine-tunes have it.
    let mut file = model_bytes(MODEL);
    let tensor = engine::gguf::parse(&file).unwrap().tensors[0].clone();
    file[tensor.offset as usize + 5] ^= 1;
    let tuned = load_source(Rc::new(Memory(file)), &exact(32));
    refused(&mut block_on(tuned.session()).unwrap(), &bytes, "belongs to model");
}

#[test]
fn a_damaged_state_is_refused() {
    let model = load(MODEL, &exact(32));
    let bytes = block_on(filled(&model, 20).save()).unwrap();
    let mut session = filled(&model, 25);
    let mut check = |change: &dyn Fn(&mut Vec<u8>), message: &str| {
        let mut changed = bytes.clone();
        change(&mut changed);
        refused(&mut session, &changed, message);
    };
    check(&|b| b.clear(), "it has 0 bytes");
    check(&|b| b.truncate(43), "it has 43 bytes");
    check(&|b| b[0] = b'X', "mark of a saved session");
    check(&|b| b[4] = 9, "its version is 9");
    check(&|b| b[43] = 1, "in a context of 160");
    check(&|b| b.truncate(60), "20 tokens in 16 bytes");
    check(&|b| b[50] = 9, "in a vocabulary of 768");
    // Behind the tokens comes the cache: its mark, version, position, and how far it was written.
    let cache = 44 + 20 * 4;
    check(&|b| b[cache + 15] = 1, "beside 20 tokens");
    check(&|b| b[cache + 12] = 10, "it was written to 10, beside 20 tokens");
    check(&|b| b.truncate(b.len() - 1), "bytes are needed");
    check(&|b| b.push(0), "follow its end");
    goes_on(&mut session, 25);
}

#[test]
fn a_state_whose_parts_contradict_each_other_empties_the_session() {
    let model = load(MODEL, &exact(32));
    let mut bytes = block_on(filled(&model, 20).save()).unwrap();
    // One token less than the cache has.
    bytes[40] = 19;
    bytes.drain(44..48);
    let mut session = filled(&model, 25);
    let error = block_on(session.restore(&bytes)).unwrap_err();
    assert!(error.to_string().contains("19 tokens beside a cache of 20"), "{error}");
    assert_eq!(session.position(), 0);
    goes_on(&mut session, 0);
}

#[test]
fn a_state_made_with_other_options_is_refused() {
    let bytes = block_on(filled(&load(MODEL, &exact(32)), 20).save()).unwrap();
    let check = |options: LoadOptions, message: &str| {
        refused(&mut block_on(load(MODEL, &options).session()).unwrap(), &bytes, message);
    };
    check(LoadOptions { kv: KvType::F16, ..exact(32) }, "KV type");
    check(
        exact(7),
        "kept up to 48 positions, here it keeps 23; load the model with the context and the chunk",
    );
    check(LoadOptions { context: Some(19), ..exact(32) }, "20 tokens in a context of 19");
}
