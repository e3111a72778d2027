//! Loading: plan and ledger, budgets, cancelling, files that hold less than a model.

use crate::files::{MODEL, model_bytes, short};
use crate::run::{block_on, device, exact, greedy, load_file, load_source, open, say};
use engine::prompt::TemplateSize;
use engine::{Cancel, Device, Error, LoadOptions, Memory, Model, ModelFile, ReadAt, ReadFuture, gguf, gpu};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

fn with_budget(budget: Option<u64>) -> Device {
    device(&gpu::Options { budget, ..gpu::Options::default() })
}

/// The device is as before any load: nothing is charged, and a model loads, answers and goes.
fn works(device: &Device) {
    assert_eq!(device.ledger().bytes(), 0);
    let expected = short();
    let model = load_file(device, open(model_bytes(MODEL)), &exact(32)).unwrap();
    let planned = model.file().plan(&exact(32), device.limits()).unwrap().bytes();
    let mut session = block_on(model.session()).unwrap();
    assert_eq!(device.ledger().bytes(), planned, "the plan is not what was allocated");
    assert_eq!(say(&mut session, &expected.prompt, &greedy(4)).tokens, expected.greedy[..4]);
    assert_eq!(device.ledger().bytes(), planned, "generating allocated something");
    drop((session, model));
    assert_eq!(device.ledger().bytes(), 0);
}

fn needed() -> u64 {
    open(model_bytes(MODEL)).plan(&exact(32), with_budget(None).limits()).unwrap().bytes()
}

#[test]
fn a_budget_of_the_options_that_is_too_small() {
    let device = with_budget(None);
    let options = LoadOptions { budget: Some(needed() - 1), ..exact(32) };
    let error = load_file(&device, open(model_bytes(MODEL)), &options).err().unwrap();
    assert_eq!(error.code(), "OVER_BUDGET");
    assert_eq!(error.details()["needed"], needed());
    works(&device);
}

#[test]
fn a_budget_gets_the_longest_chunks_that_it_holds() {
    let limits = *with_budget(None).limits();
    let file = open(model_bytes(MODEL));
    let plan = |chunk, budget| {
        let options = LoadOptions { context: Some(512), chunk, budget, ..LoadOptions::default() };
        file.plan(&options, &limits)
    };
    let bytes = |chunk| plan(Some(chunk), None).unwrap().bytes();
    assert!(bytes(128) < bytes(256) && bytes(256) < bytes(512));
    for (budget, chunk) in [(bytes(512), 512), (bytes(512) - 1, 256), (bytes(128), 128), (bytes(64), 64)] {
        let plan = plan(None, Some(budget)).unwrap();
        assert_eq!(plan.options.chunk, chunk, "a budget of {budget}");
        assert!(plan.bytes() <= budget);
    }
    let error = plan(None, Some(bytes(64) - 1)).err().unwrap();
    assert_eq!((error.code(), &error.details()["needed"]), ("OVER_BUDGET", &bytes(64).into()));
    // Who asks for a chunk gets it or hears that it does not fit.
    assert_eq!(plan(Some(512), Some(bytes(256))).err().unwrap().code(), "OVER_BUDGET");
}

#[test]
fn a_budget_of_the_device_that_is_too_small() {
    let device = with_budget(Some(needed() - 1));
    let error = load_file(&device, open(model_bytes(MODEL)), &exact(32)).err().unwrap();
    assert_eq!(error.code(), "OVER_BUDGET");
    device.ledger().set_budget(Some(needed()));
    works(&device);
}

#[test]
fn no_room_for_a_second_model_or_session() {
    let device = with_budget(Some(needed() + 1000));
    let model = load_file(&device, open(model_bytes(MODEL)), &exact(32)).unwrap();
    let session = block_on(model.session()).unwrap();
    let held = device.ledger().bytes();
    let error = load_file(&device, open(model_bytes(MODEL)), &exact(32)).err().unwrap();
    assert_eq!(error.code(), "OVER_BUDGET");
    assert_eq!(error.details()["budget"], 1000);
    let error = block_on(model.session()).err().unwrap();
    assert_eq!(error.code(), "OUT_OF_MEMORY");
    assert_eq!(error.details()["in_use"].as_u64().map(|bytes| bytes >= held), Some(true));
    assert_eq!(device.ledger().bytes(), held);
    drop((session, model));
    works(&device);
}

#[test]
fn cancelled_while_it_loads() {
    let device = with_budget(None);
    for after in [0, 1, 5] {
        let cancel = Cancel::new();
        let mut seen = 0;
        let load = async {
            let file = open(model_bytes(MODEL));
            if after == 0 {
                cancel.cancel();
            }
            Model::load(&device, file, &exact(32), &cancel, &mut |progress| {
                assert!(progress.done <= progress.total && !progress.name.is_empty());
                seen += 1;
                if seen == after {
                    cancel.cancel();
                }
            })
            .await
        };
        assert!(matches!(block_on(load), Err(Error::Cancelled)));
        assert_eq!(seen, after);
    }
    works(&device);
}

#[test]
fn progress_ends_at_the_total() {
    let device = with_budget(None);
    let mut last = (0, 1);
    let file = open(model_bytes(MODEL));
    block_on(Model::load(&device, file, &exact(32), &Cancel::new(), &mut |progress| {
        assert!(progress.done > last.0, "{} after {}", progress.done, last.0);
        last = (progress.done, progress.total);
    }))
    .unwrap();
    assert_eq!(last.0, last.1);
}

#[test]
fn a_vocabulary_alone_can_tokenize_but_not_load() {
    let whole = gguf::parse(&model_bytes(MODEL)).unwrap();
    let entries = whole.metadata.iter().filter(|(key, _)| key.starts_with("tokenizer."));
    let file = entries.fold(gguf::Writer::new(), |file, (key, value)| file.set(key, value.clone())).file();
    let file = open(file);
    let ids = file.tokenizer().encode("The quick brown fox", engine::prompt::Special::Text);
    assert_eq!(file.tokenizer().decode(&ids), "The quick brown fox");
    assert_eq!(file.template(), TemplateSize::Small);
    assert_eq!(file.config().unwrap_err().code(), "UNSUPPORTED_MODEL");
    let error = load_file(&with_budget(None), file, &LoadOptions::default()).err().unwrap();
    assert_eq!(error.code(), "UNSUPPORTED_MODEL");
}

#[test]
fn the_arrays_of_the_vocabulary_become_the_tokenizer() {
    let file = open(model_bytes(MODEL));
    assert_eq!(file.header().metadata.get("tokenizer.ggml.tokens"), None);
    let arrays: Vec<_> =
        file.vocabulary_arrays().iter().map(|array| format!("{} {}", array.key, array.kind)).collect();
    assert!(arrays.contains(&"tokenizer.ggml.tokens array of 768 string".to_owned()), "{arrays:?}");
    assert_eq!(file.tokenizer().len(), 768);
    let plan = file.plan(&LoadOptions::default(), with_budget(None).limits()).unwrap();
    assert_eq!(plan.options.context, file.config().unwrap().context.min(4096));
}

#[test]
fn files_that_cannot_be_opened() {
    let check = |bytes: Vec<u8>, code: &str| {
        let error = block_on(ModelFile::open(Rc::new(Memory(bytes)))).err().unwrap();
        assert_eq!(error.code(), code, "{error}");
    };
    let whole = model_bytes(MODEL);
    check(b"<!doctype html>".to_vec(), "BAD_FILE");
    check(whole[..whole.len() - 1].to_vec(), "TRUNCATED_FILE");
    check(whole[..1000].to_vec(), "TRUNCATED_FILE");
    check(gguf::Writer::new().set("general.architecture", "gemma4").file(), "NO_VOCABULARY");
}

#[test]
fn templates_follow_the_model() {
    let template = |model| open(model_bytes(model)).template();
    assert_eq!(template("tiny-dense-ple/ollama-q4_k_m"), TemplateSize::Small);
    assert_eq!(template("tiny-kv/llama-q4_0"), TemplateSize::Large);
    assert_eq!(template("tiny-moe/ollama-q4_k_m"), TemplateSize::Large);
}

/// A file that notes what is announced and then read, and whose reads answer when they are asked a second time.
struct Noting {
    file: Memory,
    announced: RefCell<Vec<Range<u64>>>,
    read: RefCell<Vec<Range<u64>>>,
    under_way: Cell<u32>,
    most_under_way: Cell<u32>,
}

impl ReadAt for Noting {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        if !self.announced.borrow().is_empty() {
            self.read.borrow_mut().push(offset..offset + buffer.len() as u64);
        }
        Box::pin(async move {
            self.under_way.set(self.under_way.get() + 1);
            self.most_under_way.set(self.most_under_way.get().max(self.under_way.get()));
            let mut asked = false;
            std::future::poll_fn(|context| match std::mem::replace(&mut asked, true) {
                true => std::task::Poll::Ready(()),
                false => {
                    context.waker().wake_by_ref();
                    std::task::Poll::Pending
                }
            })
            .await;
            self.under_way.set(self.under_way.get() - 1);
            self.file.read_at(offset, buffer).await
        })
    }

    fn will_read(&self, ranges: &[Range<u64>]) {
        self.announced.borrow_mut().extend_from_slice(ranges);
    }
}

#[test]
fn what_a_load_reads_is_announced_in_its_order_and_small_parts_are_read_side_by_side() {
    let noting = Rc::new(Noting {
        file: Memory(model_bytes(MODEL)),
        announced: RefCell::default(),
        read: RefCell::default(),
        under_way: Cell::new(0),
        most_under_way: Cell::new(0),
    });
    let model = load_source(noting.clone(), &exact(16));
    assert_eq!(*noting.read.borrow(), *noting.announced.borrow());
    assert!(noting.most_under_way.get() >= 10, "at most {} reads at once", noting.most_under_way.get());
    let mut session = block_on(model.session()).unwrap();
    let expected = short();
    assert_eq!(say(&mut session, &expected.prompt, &greedy(4)).tokens, expected.greedy[..4]);
}
