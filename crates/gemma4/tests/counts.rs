//! What a decoded token costs, in numbers that no machine changes. They are written down here: a change that makes one worse
//! fails, and one that makes it better writes down the better number.

mod support;

use gemma4::plan::plan;
use gemma4::{
    Checkpoint, Config, Context, KvType, Model, Options, Path, PerLayerTable, PromptProducts, Stage, Tiers,
    TokenProducts, Want,
};
use gpu::{Account, Device, Limits, Usage};
use std::ops::ControlFlow;
use std::rc::Rc;
use support::e2b::{self, PUBLISHED, Widths, needed_bytes};
use support::{as_chosen, context, device, options};

/// Tokens over which is counted.
const TOKENS: u32 = 8;
/// Narrow enough for a software adapter, with rows that are whole blocks of every type.
const NARROW: Widths = Widths { hidden: 256, head: 64, feed_forward: 512, vocabulary: 1024 };

/// A token is so many dispatches in one submit, brings back what is wanted and creates nothing, and its products read every
/// weight they need once.
fn check(context: &mut Context, dispatches: u64, what: &str) {
    let device = context.model().device().clone();
    let vocabulary = u64::from(context.model().config().vocabulary);
    assert!(!holds_commands(&device), "{what}: before a token");
    for (want, more, bytes_read) in
        [(Want::Token, 0, 4), (Want::Best, 1, 3076), (Want::Logits, -1, 4 * vocabulary)]
    {
        // The first token compiles and records; the others find its commands recorded.
        pollster::block_on(context.decode(2, want)).expect("decode");
        let before = device.counters();
        for id in 0..TOKENS {
            pollster::block_on(context.decode(id, want)).expect("decode");
        }
        let made = device.counters() - before;
        let tokens = u64::from(TOKENS);
        let created = made.buffers_created + made.bind_groups_created + made.pipelines_created;
        let counts = [made.dispatches, made.submits, created, made.bytes_read];
        let recorded = [dispatches.strict_add_signed(more), 1, 0, bytes_read].map(|count| tokens * count);
        assert_eq!(
            counts, recorded,
            "{what}, {want:?}: dispatches, submits, objects created and bytes read back of {TOKENS} tokens, left: now, right: as recorded"
        );
    }
    assert!(holds_commands(&device), "{what}: the next token's commands are there already");
    let read: u64 = Stage::ALL.iter().map(|&stage| context.cost_of(Path::Decode, stage).1).sum();
    assert_eq!(read, context.model().bytes_per_token(), "{what}: bytes of weights read, and planned");
}

/// Whether there are commands that are not submitted yet: a dropped buffer keeps its memory for them, though the GPU rests.
fn holds_commands(device: &Device) -> bool {
    let buffer = device.buffer("dropped", Account::Other, 64, Usage::Storage).expect("a buffer");
    pollster::block_on(device.wait()).expect("rest");
    drop(buffer);
    device.ledger().snapshot().retired_bytes > 0
}

/// Whoever feeds back the most likely token gets ahead where nothing of a token is in the file: each step begins the one that
/// follows, which the last did for nothing.
#[test]
fn steps_begun_ahead() {
    let device = device();
    let resident = Options { per_layer_table: PerLayerTable::Resident, ..options(KvType::F16, 16) };
    let mut context = pollster::block_on(context(&device, "tiny-dense-ple/ollama-q4_k_m", &resident));
    let prompt = [2, 3, 5];
    let output = pollster::block_on(context.prompt(&prompt, Want::Token, &|| false)).expect("prompt");
    let (mut said, mut next) = (Vec::new(), output.token.expect("a token"));
    let before = device.counters();
    for _ in 0..TOKENS {
        said.push(next);
        let output = pollster::block_on(context.decode(next, Want::Token)).expect("decode");
        next = output.token.expect("a token");
    }
    let made = device.counters() - before;
    let created = made.buffers_created + made.bind_groups_created + made.pipelines_created;
    let steps = u64::from(TOKENS + 1);
    let per_step = context.dispatches_per_token() as u64;
    assert_eq!([made.submits, made.dispatches, created], [steps, steps * per_step, 0]);

    // Another token than the one it went ahead with, at the same position: the step is done again.
    let other = (next + 1) % 700;
    let again = pollster::block_on(context.decode(other, Want::Logits)).expect("decode");
    context.truncate(0);
    let logits = |context: &mut Context, id| {
        pollster::block_on(context.decode(id, Want::Logits)).expect("decode").logits
    };
    let mut fresh =
        pollster::block_on(context.prompt(&prompt, Want::Logits, &|| false)).expect("prompt").logits;
    for &id in &said {
        let best = (0..fresh.len()).max_by(|&a, &b| fresh[a].total_cmp(&fresh[b])).expect("a vocabulary");
        assert_eq!(best as u32, id, "without going ahead");
        fresh = logits(&mut context, id);
    }
    assert_eq!(logits(&mut context, other), again.logits);
}

#[test]
fn tiny_models() {
    let device = device();
    for (name, dispatches) in [
        ("tiny-dense-ple/ollama-q4_k_m", 56),
        ("tiny-dense-ple/ollama-mix", 77),
        ("tiny-kv/ollama-q4_k_m", 34),
        ("tiny-kv/llama-q4_0", 33),
        ("tiny-moe/ollama-q4_k_m", 79),
        ("tiny-moe/ollama-split-q5_k", 83),
    ] {
        let mut context = pollster::block_on(context(&device, name, &options(KvType::F16, 16)));
        check(&mut context, dispatches, name);
    }
}

/// The list of dispatches depends on layers, types and whether a head's keys are many, so that a narrow file with as many has
/// that of the published file.
#[test]
fn e2b() {
    const DISPATCHES: u64 = 267;
    const LAYERS: u64 = 35;
    const { assert!(DISPATCHES <= 9 * LAYERS + 6) };
    let device = device();
    let packed = Tiers { token_products: TokenProducts::Packed, ..Tiers::default() };
    for tiers in [Tiers::default(), packed, as_chosen(&device)] {
        let source = Rc::new(e2b::file(&NARROW));
        let options = Options {
            context: 4096,
            chunk: 8,
            tiers,
            per_layer_table: PerLayerTable::Streamed,
            ..Options::default()
        };
        let loaded = pollster::block_on(async {
            let header = gguf::read_header(&*source).await?;
            let config = Config::from_header(&header)?;
            let observe = &mut |_: gemma4::Progress<'_>| ControlFlow::Continue(());
            let model = Model::load(&device, source, &header, config, &options, observe).await?;
            Context::new(Rc::new(model)).await
        });
        check(&mut loaded.expect("a file in the shape of e2b"), DISPATCHES, &format!("e2b, {tiers:?}"));
    }
}

/// The published file, and an adapter whose bindings hold every tensor.
fn published() -> (Config, Checkpoint, Limits) {
    let source = e2b::file(&PUBLISHED);
    let header = pollster::block_on(gguf::read_header(&source)).expect("header");
    let config = Config::from_header(&header).expect("config");
    let checkpoint = Checkpoint::new(&header, &config).expect("checkpoint");
    let limits = Limits { binding_bytes_max: 1 << 31, buffer_bytes_max: 1 << 31, ..*device().limits() };
    (config, checkpoint, limits)
}

#[test]
fn bytes_of_e2b() {
    let (config, checkpoint, limits) = published();
    let needed = needed_bytes(&PUBLISHED);
    assert_eq!(needed, 1_452_819_456, "bytes of the weights a token needs");
    let most = needed + needed / 20 + 150_000_000;
    let tiers =
        |token_products, prompt_products| Tiers { token_products, prompt_products, ..Tiers::default() };
    for tiers in [
        Tiers::default(),
        tiers(TokenProducts::Packed, PromptProducts::Cooperative),
        tiers(TokenProducts::Half, PromptProducts::Half),
    ] {
        let options = Options { tiers, ..Options::default() };
        let plan = plan(&config, &checkpoint, &options, &limits).expect("plan");
        let read = gemma4::bytes_per_token(&config, &checkpoint, &plan);
        assert_eq!(read, needed, "{tiers:?}: bytes of the weights it reads, and of those it needs");
        let bytes = plan.bytes();
        assert!(
            bytes <= most,
            "{tiers:?}: {bytes} bytes of GPU memory with a context of 4096, {most} at most"
        );
    }
}

/// The table of 4.7 GB is on the GPU as soon as the budget holds all of it, and not a byte before.
#[test]
fn the_table_is_resident_when_the_budget_allows() {
    let (config, checkpoint, limits) = published();
    let planned = |per_layer_table, budget| {
        plan(&config, &checkpoint, &Options { per_layer_table, budget, ..Options::default() }, &limits)
            .expect("plan")
    };
    let whole = planned(PerLayerTable::Resident, None).bytes();
    assert!(whole > 6_000_000_000, "{whole} bytes");
    let resident = |budget| planned(PerLayerTable::Auto, budget).per_layer_resident;
    assert_eq!([resident(None), resident(Some(whole - 1)), resident(Some(whole))], [false, false, true]);
}
