//! Loading and generating as the tests need it.

use crate::files::model_bytes;
use engine::{
    Cancel, Device, Error, Event, Finished, GenerateOptions, Generation, KvType, LoadOptions, Logprobs,
    Memory, Model, ModelFile, ParseAnswer, Sampling, Session, gpu,
};
use std::rc::Rc;
use std::sync::Mutex;

pub(crate) use pollster::block_on;

/// Devices that no test uses now. They go from test to test, so that shaders are compiled once for each of the few
/// threads that run tests, and not once for each test.
static IDLE: Mutex<Vec<Device>> = Mutex::new(Vec::new());

thread_local! {
    static LENT: Lent = Lent(IDLE.lock().unwrap().pop().unwrap_or_else(|| device(&gpu::Options::default())));
}

/// Gives its device back when the test's thread ends.
struct Lent(Device);

impl Drop for Lent {
    fn drop(&mut self) {
        IDLE.lock().unwrap().push(self.0.clone());
    }
}

fn lent() -> Device {
    LENT.with(|lent| lent.0.clone())
}

/// A device of a test's own, for what it says about memory.
pub(crate) fn device(options: &gpu::Options) -> Device {
    block_on(Device::request(options))
        .unwrap_or_else(|error| panic!("no adapter ({error}); on Debian install mesa-vulkan-drivers"))
}

/// A cache in f32, so that goldens hold to the last token, and a context that is long enough for them.
pub(crate) fn exact(chunk: u32) -> LoadOptions {
    LoadOptions { context: Some(160), chunk: Some(chunk), kv: KvType::F32, ..LoadOptions::default() }
}

pub(crate) fn open(bytes: Vec<u8>) -> ModelFile {
    block_on(ModelFile::open(Rc::new(Memory(bytes)))).unwrap()
}

pub(crate) fn load_file(device: &Device, file: ModelFile, options: &LoadOptions) -> Result<Model, Error> {
    block_on(Model::load(device, file, options, &Cancel::new(), &mut |_| {}))
}

pub(crate) fn load(model: &str, options: &LoadOptions) -> Model {
    load_file(&lent(), open(model_bytes(model)), options).unwrap()
}

pub(crate) fn load_source(source: Rc<dyn engine::ReadAt>, options: &LoadOptions) -> Model {
    load_file(&lent(), block_on(ModelFile::open(source)).unwrap(), options).unwrap()
}

pub(crate) fn session(model: &str, chunk: u32) -> Session {
    block_on(load(model, &exact(chunk)).session()).unwrap()
}

/// Greedy, with no token that ends the answer.
pub(crate) fn greedy(max_tokens: u32) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(max_tokens),
        sampling: Sampling::greedy(),
        stop_tokens: Some(Vec::new()),
        parse: ParseAnswer::Raw,
        ..GenerateOptions::default()
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) tokens: Vec<u32>,
    pub(crate) text: String,
    /// The text of each token, with what it completed of those before.
    pub(crate) texts: Vec<String>,
    /// How likely each token was, where that was asked for.
    pub(crate) logprobs: Vec<Logprobs>,
    pub(crate) finished: Finished,
}

pub(crate) fn say(session: &mut Session, prompt: &[u32], options: &GenerateOptions) -> Said {
    collect(session.generate(prompt, options, &Cancel::new()).unwrap()).unwrap()
}

pub(crate) fn collect(mut generation: Generation<'_>) -> Result<Said, Error> {
    let (mut tokens, mut texts, mut logprobs) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match block_on(generation.next())?.expect("an answer ends with `Finished`") {
            Event::Token { id, logprobs: said } => {
                tokens.push(id);
                logprobs.extend(said);
                texts.push(String::new());
            }
            Event::Text(text) => texts.last_mut().unwrap().push_str(&text),
            Event::Finished(finished) => {
                assert_eq!(block_on(generation.next())?, None, "something follows the end");
                return Ok(Said { tokens, text: texts.concat(), texts, logprobs, finished });
            }
            other => panic!("{other:?} in a raw answer"),
        }
    }
}
