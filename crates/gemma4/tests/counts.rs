//! What a decoded token costs, in numbers that no machine changes. They are written down here: a change that makes one worse
//! fails, and one that makes it better writes down the better number.

mod support;

use gemma4::plan::plan;
use gemma4::{
    Checkpoint, Config, Context, KvType, Model, Options, Path, PerLayerTable, Stage, Tiers, TokenProducts,
    Want,
};
use gpu::Limits;
use std::ops::ControlFlow;
use std::rc::Rc;
use support::e2b::{self, PUBLISHED, Widths, needed_bytes};
use support::{context, device, options};

/// Tokens over which is counted.
const TOKENS: u32 = 8;
/// Narrow enough for a software adapter, with rows that are whole blocks of every type.
const NARROW: Widths = Widths { hidden: 256, head: 64, feed_forward: 512, vocabulary: 1024 };

/// A token is so many dispatches in one submit, brings back what is wanted and creates nothing, and its products read every
/// weight they need once.
fn check(context: &mut Context, dispatches: u64, what: &str) {
    let device = context.model().device().clone();
    let vocabulary = u64::from(context.model().config().vocabulary);
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
    let read: u64 = Stage::ALL.iter().map(|&stage| context.cost_of(Path::Decode, stage).1).sum();
    assert_eq!(read, context.model().bytes_per_token(), "{what}: bytes of weights read, and planned");
}

#[test]
fn tiny_models() {
    let device = device();
    for (name, dispatches) in [
        ("tiny-dense-ple/ollama-q4_k_m", 63),
        ("tiny-dense-ple/ollama-mix", 84),
        ("tiny-kv/ollama-q4_k_m", 40),
        ("tiny-kv/llama-q4_0", 39),
        ("tiny-moe/ollama-q4_k_m", 84),
        ("tiny-moe/ollama-split-q5_k", 88),
    ] {
        let mut context = pollster::block_on(context(&device, name, &options(KvType::F16, 16)));
        check(&mut context, dispatches, name);
    }
}

/// The list of dispatches depends on layers and types, not on widths, so that of a narrow file is the published file's.
#[test]
fn e2b() {
    const DISPATCHES: u64 = 295;
    const LAYERS: u64 = 35;
    const { assert!(DISPATCHES <= 9 * LAYERS + 6) };
    let device = device();
    for token_products in [TokenProducts::Float, TokenProducts::Packed] {
        let source = Rc::new(e2b::file(&NARROW));
        let options = Options {
            context: 64,
            chunk: 8,
            tiers: Tiers { token_products, ..Tiers::default() },
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
        check(
            &mut loaded.expect("a file in the shape of e2b"),
            DISPATCHES,
            &format!("e2b, {token_products:?}"),
        );
    }
}

/// The published file's plan, on an adapter whose bindings hold every tensor.
#[test]
fn bytes_of_e2b() {
    let source = e2b::file(&PUBLISHED);
    let header = pollster::block_on(gguf::read_header(&source)).expect("header");
    let config = Config::from_header(&header).expect("config");
    let checkpoint = Checkpoint::new(&header, &config).expect("checkpoint");
    let limits = Limits { binding_bytes_max: 1 << 31, buffer_bytes_max: 1 << 31, ..*device().limits() };
    let plan = plan(&config, &checkpoint, &Options::default(), &limits).expect("plan");
    let needed = needed_bytes(&PUBLISHED);
    let read = gemma4::bytes_per_token(&config, &checkpoint, &plan);
    assert_eq!(needed, 1_452_819_456, "bytes of the weights a token needs");
    assert_eq!(read, needed, "bytes of the weights it reads, and of those it needs");
    let most = needed + needed / 20 + 150_000_000;
    assert!(
        plan.bytes() <= most,
        "{} bytes of GPU memory with a context of 4096, {most} at most",
        plan.bytes()
    );
}
