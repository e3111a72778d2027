//! What a sequence keeps: truncation, saved states, cancellation, limits.

mod support;

use gemma4::{Context, Error, KvType, Want};
use std::cell::Cell;
use support::{Golden, context, device, options};

const NAME: &str = "tiny-dense-ple/ollama-q4_k_m";

fn ids() -> Vec<u32> {
    Golden::open(NAME).ids("prompt.long.ids")
}

fn prompt(context: &mut Context, ids: &[u32]) -> Vec<f32> {
    pollster::block_on(context.prompt(ids, Want::Logits, &|| false)).expect("prompt").logits
}

fn prompt_anew(context: &mut Context, ids: &[u32]) -> Vec<f32> {
    assert!(context.truncate(0));
    prompt(context, ids)
}

#[test]
fn truncation_forgets_what_came_after() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F32, 64)));
    let ids = ids();
    let expected = prompt(&mut context, &ids[..60]);
    prompt(&mut context, &ids[60..90]);
    assert!(context.truncate(40), "30 + 20 positions back are within window 16 and chunk 64");
    assert_eq!(context.position(), 40);
    assert_eq!(prompt(&mut context, &ids[40..60]), expected);
}

#[test]
fn truncation_beyond_the_rings_is_refused() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F32, 8)));
    let ids = ids();
    prompt(&mut context, &ids[..60]);
    // Rings of 16 + 8 hold positions 36 to 59; position 50 sees back to 35.
    assert!(!context.truncate(50));
    assert_eq!(context.position(), 60, "nothing has changed");
    assert!(context.truncate(51));
    prompt(&mut context, &ids[..1]);
    assert!(!context.truncate(50), "position 35 was overwritten when the sequence reached 60");
    assert!(context.truncate(0), "an empty sequence needs no past");
}

#[test]
fn of_guesses_only_what_is_accepted_is_in_the_sequence() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F32, 16)));
    let ids = ids();
    let expected: Vec<Vec<f32>> = (50..60).map(|n| prompt_anew(&mut context, &ids[..n])).collect();
    prompt_anew(&mut context, &ids[..49]);
    // Six tokens that are right and ten that are not, as many as a chunk holds.
    let guessed: Vec<u32> = ids[49..55].iter().chain(&[7; 10]).copied().collect();
    let outputs = pollster::block_on(context.verify(&guessed, Want::Logits, &|| false)).expect("verify");
    assert_eq!(outputs.len(), 16);
    for (row, output) in outputs[..6].iter().enumerate() {
        assert_eq!(output.logits, expected[row], "row {row}");
    }
    assert_eq!(context.position(), 50);
    (0..5).for_each(|_| context.accept());
    assert_eq!(context.position(), 55);
    assert_eq!(prompt(&mut context, &ids[55..59]), expected[9]);
    // As few bytes as a token or the best take are read for all rows at once.
    let tokens = pollster::block_on(context.verify(&ids[59..70], Want::Token, &|| false)).expect("verify");
    let bests = {
        assert!(context.truncate(59));
        pollster::block_on(context.verify(&ids[59..70], Want::Best, &|| false)).expect("verify")
    };
    for (token, best) in tokens.iter().zip(&bests) {
        let likeliest = best.best.iter().max_by(|a, b| a.logit.total_cmp(&b.logit)).expect("the best");
        assert_eq!(token.token, Some(likeliest.id));
    }
}

/// Nothing of what was not accepted may be taken for part of the sequence later.
#[test]
#[should_panic(expected = "a guess is left")]
fn a_guess_is_not_accepted_after_another_step() {
    let mut context = pollster::block_on(context(&device(), NAME, &options(KvType::F32, 16)));
    let ids = ids();
    pollster::block_on(context.verify(&ids[..4], Want::Token, &|| false)).expect("verify");
    pollster::block_on(context.decode(ids[1], Want::Token)).expect("decode");
    context.accept();
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F16, 8)));
    let ids = ids();
    prompt(&mut context, &ids[..70]);
    let saved = pollster::block_on(context.save()).expect("save");
    let expected = prompt(&mut context, &ids[70..80]);
    assert!(context.truncate(0));
    prompt(&mut context, &ids[5..50]);
    pollster::block_on(context.restore(&saved)).expect("restore");
    assert_eq!(context.position(), 70);
    assert_eq!(prompt(&mut context, &ids[70..80]), expected);
}

#[test]
fn a_foreign_or_cut_state_is_refused_and_changes_nothing() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F16, 8)));
    let ids = ids();
    prompt(&mut context, &ids[..20]);
    let saved = pollster::block_on(context.save()).expect("save");
    for cut in [0, 3, 19, saved.len() - 1] {
        assert!(
            matches!(pollster::block_on(context.restore(&saved[..cut])), Err(Error::State { .. })),
            "{cut}"
        );
    }
    let other = pollster::block_on(support::context(&device, NAME, &options(KvType::F32, 8)));
    let foreign = pollster::block_on(other.save()).expect("save");
    assert!(matches!(pollster::block_on(context.restore(&foreign)), Err(Error::State { .. })));
    assert_eq!(context.position(), 20);
    let expected = {
        let mut fresh = pollster::block_on(support::context(&device, NAME, &options(KvType::F16, 8)));
        prompt(&mut fresh, &ids[..30])
    };
    assert_eq!(prompt(&mut context, &ids[20..30]), expected);
}

#[test]
fn a_cancelled_chunk_is_not_counted() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F32, 16)));
    let ids = ids();
    let expected = prompt(&mut context, &ids[..48]);
    assert!(context.truncate(0));
    let asked = Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let result = pollster::block_on(context.prompt(&ids[..48], Want::Logits, &cancelled));
    assert!(matches!(result, Err(Error::Cancelled)));
    let done = context.position();
    assert!(done > 0 && done < 48 && done.is_multiple_of(16), "stopped between chunks or inside one: {done}");
    assert_eq!(prompt(&mut context, &ids[done as usize..48]), expected);
}

#[test]
fn too_many_tokens_and_unknown_ones_are_refused() {
    let device = device();
    let mut context = pollster::block_on(context(&device, NAME, &options(KvType::F16, 16)));
    let long = vec![5; 513];
    let refused = pollster::block_on(context.prompt(&long, Want::Logits, &|| false));
    assert!(matches!(refused, Err(Error::ContextFull { needed: 513, context: 512 })));
    let refused = pollster::block_on(context.decode(768, Want::Token));
    assert!(matches!(refused, Err(Error::Token { id: 768, vocabulary: 768 })));
    assert_eq!(context.position(), 0);
}
