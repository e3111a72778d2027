//! The plan against the ledger, and what a step creates.

mod support;

use gemma4::{Config, Context, Error, KvType, Options, Path, PerLayerTable, Scored, Want, chunk_max};
use gpu::Account;
use support::{Golden, context, device, device_with, difference, file, load, names, options};

#[test]
fn the_ledger_equals_the_plan_to_the_byte() {
    let device = device();
    let before = device.ledger().bytes();
    for name in names() {
        for kv in [KvType::F16, KvType::F32, KvType::Q8] {
            let context = pollster::block_on(context(&device, &name, &options(kv, 64)));
            let plan = context.model().plan();
            for account in Account::ALL {
                let (planned, held) = (plan.bytes_in(account), device.ledger().bytes_in(account));
                assert_eq!(planned, held, "{name} {kv:?}: {account}");
            }
            assert_eq!(plan.bytes(), device.ledger().bytes(), "{name} {kv:?}");
        }
    }
    assert_eq!(device.ledger().bytes(), before, "dropping a model gives everything back");
}

#[test]
fn a_hundred_decode_steps_create_nothing() {
    let device = device();
    let mut context =
        pollster::block_on(context(&device, "tiny-dense-ple/ollama-q4_k_m", &options(KvType::F16, 16)));
    let to_token = context.dispatches_per_token() as u64;
    for (want, dispatches, bytes_read) in
        [(Want::Token, to_token, 4), (Want::Best, to_token + 1, 3076), (Want::Logits, to_token - 1, 4 * 768)]
    {
        assert!(context.truncate(0));
        pollster::block_on(context.prompt(&[2, 5, 9], want, &|| false)).expect("prompt");
        let before = device.counters();
        for id in 0..100 {
            context.ask(&[id, id + 1]).expect("ids of the vocabulary");
            pollster::block_on(context.decode(id, want)).expect("decode");
        }
        let made = device.counters() - before;
        assert_eq!(made.buffers_created, 0, "{want:?}");
        assert_eq!(made.bind_groups_created, 0, "{want:?}");
        assert_eq!(made.pipelines_created, 0, "{want:?}");
        assert_eq!(made.submits, 100, "{want:?}");
        assert_eq!(made.dispatches, 100 * dispatches, "{want:?}");
        assert_eq!(made.bytes_read, 100 * bytes_read, "{want:?}");
    }
}

/// The best logits of a step and those asked for are the step's logits.
#[test]
fn the_best_and_those_asked_for_are_of_all_logits() {
    let ids = Golden::open("tiny-dense-ple/ollama-q4_k_m").ids("prompt.long.ids");
    let device = device();
    let mut context =
        pollster::block_on(context(&device, "tiny-dense-ple/ollama-q4_k_m", &options(KvType::F16, 16)));
    for asked in [&[][..], &[767, 0, 5], &[3]] {
        context.ask(asked).expect("ids of the vocabulary");
        let mut both = |from: usize, path: Path| {
            let mut step = |want| {
                assert!(context.truncate(from as u32));
                pollster::block_on(async {
                    match path {
                        Path::Prompt => context.prompt(&ids[from..40], want, &|| false).await,
                        Path::Decode => context.decode(ids[from], want).await,
                    }
                })
                .expect("step")
            };
            (step(Want::Logits).logits, step(Want::Best))
        };
        for (logits, best) in [both(0, Path::Prompt), both(39, Path::Decode)] {
            let mut order: Vec<u32> = (0..768).collect();
            order.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
            let mut expected: Vec<u32> = [&order[..256], asked].concat();
            expected.sort_unstable();
            expected.dedup();
            let scored = |id| Scored { id, logit: logits[id as usize] };
            assert_eq!(best.best, expected.into_iter().map(scored).collect::<Vec<_>>());
            let log_sum = logits.iter().map(|&logit| f64::from(logit).exp()).sum::<f64>().ln();
            // The sum's relative error, which its logarithm makes absolute; `kernels::top_k` gives the reason.
            assert!((best.log_sum - log_sum).abs() < 5e-6, "{} for {log_sum}", best.log_sum);
        }
    }
    assert!(matches!(context.ask(&[768]), Err(Error::Token { id: 768, vocabulary: 768 })));
}

/// Logits of the long prompt with some options.
fn long_logits(name: &str, options: &Options) -> Vec<f32> {
    let device = device();
    let mut context = pollster::block_on(context(&device, name, options));
    let ids = Golden::open(name).ids("prompt.long.ids");
    let mut logits =
        pollster::block_on(context.prompt(&ids[..64], Want::AllLogits, &|| false)).expect("prompt").logits;
    for &id in &ids[64..] {
        logits.extend(pollster::block_on(context.decode(id, Want::Logits)).expect("decode").logits);
    }
    logits
}

#[test]
fn tensors_larger_than_a_binding_are_split() {
    for (name, max) in [("tiny-dense-ple/ollama-mix", 140_000), ("tiny-moe/ollama-q4_k_m", 140_000)] {
        let split = Options { binding_bytes_max: Some(max), context: 192, ..options(KvType::F32, 16) };
        let device = device();
        let model = pollster::block_on(load(&device, file(name), &split)).expect("load");
        let parts = model.plan().matrices.iter().map(Vec::len).max().expect("matrices");
        assert!(parts > 1, "{name}: no matrix is split");
        let worst = difference(&long_logits(name, &split), &Golden::open(name).f32("prompt.long.logits"));
        assert!(worst <= 2e-3, "{name}: {worst}");
    }
}

#[test]
fn a_streamed_table_gives_the_same_logits() {
    let name = "tiny-dense-ple/ollama-q4_k_m";
    let streamed = Options { per_layer_table: PerLayerTable::Streamed, ..options(KvType::F32, 16) };
    let worst = difference(&long_logits(name, &streamed), &Golden::open(name).f32("prompt.long.logits"));
    assert!(worst <= 2e-3, "{worst}");
    let device = device();
    let model = pollster::block_on(load(&device, file(name), &streamed)).expect("load");
    assert_eq!(device.ledger().bytes_in(Account::Embeddings), 0);
    assert!(!model.plan().per_layer_resident);
}

#[test]
fn a_budget_below_the_plan_refuses_before_anything_is_allocated() {
    let device = device();
    let name = "tiny-kv/ollama-q4_k_m";
    let bytes = {
        let model = pollster::block_on(load(&device, file(name), &options(KvType::F16, 16))).expect("load");
        model.plan().bytes()
    };
    let refused = Options { budget: Some(bytes - 1), ..options(KvType::F16, 16) };
    let before = device.counters();
    match pollster::block_on(load(&device, file(name), &refused)) {
        Err(Error::OverBudget { needed, budget, .. }) => assert_eq!((needed, budget), (bytes, bytes - 1)),
        other => panic!("{:?}", other.err()),
    }
    assert_eq!((device.counters() - before).buffers_created, 0);
    let allowed = Options { budget: Some(bytes), ..options(KvType::F16, 16) };
    pollster::block_on(load(&device, file(name), &allowed)).expect("exactly the budget is enough");
}

#[test]
fn the_ledgers_own_budget_holds_too() {
    let device = device_with(gpu::Options { budget: Some(1 << 20), ..gpu::Options::default() });
    match pollster::block_on(load(&device, file("tiny-kv/ollama-q4_k_m"), &options(KvType::F16, 16))) {
        Err(Error::Gpu(gpu::Error::OutOfMemory { budget, .. })) => assert_eq!(budget, 1 << 20),
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(device.ledger().bytes(), 0, "a failed load leaves nothing behind");
}

#[test]
fn a_context_that_no_binding_holds_is_refused_by_name() {
    let device = device();
    let small = Options { binding_bytes_max: Some(1 << 19), context: 2048, ..options(KvType::F32, 16) };
    match pollster::block_on(load(&device, file("tiny-dense-ple/ollama-q4_k_m"), &small)) {
        Err(Error::BindingTooSmall { name, bytes, max, .. }) => {
            assert!(name.ends_with(".keys"), "{name}");
            assert_eq!((bytes, max), (2048 * 128 * 4, 1 << 19));
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let header = gguf::parse(&file("tiny-kv/ollama-q4_k_m")).expect("header");
    let made_for = Config::from_header(&header).expect("config").context;
    let device = device();
    for (context, chunk) in [(0, 16), (made_for + 1, 16), (16, 0), (16, 1 << 20)] {
        let bad = Options { context, chunk, ..Options::default() };
        let refused = pollster::block_on(load(&device, file("tiny-kv/ollama-q4_k_m"), &bad));
        assert!(matches!(refused, Err(Error::Option { .. })), "{context} {chunk}");
    }
}

#[test]
fn chunks_are_shorter_where_tokens_have_many_experts() {
    let header = gguf::parse(&file("tiny-moe/ollama-q4_k_m")).expect("header");
    let mut config = Config::from_header(&header).expect("config");
    let mut chunk_of = |top_k: u32| {
        config.experts.as_mut().expect("experts").top_k = top_k;
        chunk_max(&config)
    };
    // Every one of a token's experts is a workgroup along an axis, which has 65535.
    assert_eq!([8, 31, 32, 128].map(&mut chunk_of), [2048, 2048, 2047, 511]);
}

#[test]
fn contexts_share_a_models_weights() {
    let device = device();
    let model = pollster::block_on(load(&device, file("tiny-kv/ollama-q4_k_m"), &options(KvType::F16, 16)))
        .expect("load");
    let weights = device.ledger().bytes_in(Account::Weights);
    let first = pollster::block_on(Context::new(model.clone())).expect("context");
    let cache = device.ledger().bytes_in(Account::KvCache);
    let second = pollster::block_on(Context::new(model)).expect("context");
    assert_eq!(device.ledger().bytes_in(Account::Weights), weights);
    assert_eq!(device.ledger().bytes_in(Account::KvCache), 2 * cache);
    drop((first, second));
    assert_eq!(device.ledger().bytes(), 0);
}
