//! Where the reference models and values are, and how they are read.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The greedy continuation of one prompt.
pub(crate) struct Continuation {
    pub(crate) prompt: Vec<u32>,
    pub(crate) greedy: Vec<u32>,
    pub(crate) margins: Vec<f32>,
    pub(crate) text: Option<String>,
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn beside() -> PathBuf {
    let sibling = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracle");
    std::env::var_os("RULLAMA_ORACLE").map_or_else(sibling, PathBuf::from)
}

/// The folder that has this file, told without its kind: `tiny-kv/llama-q4_0`. Says what is skipped where none has.
pub(crate) fn folder_of(model: &str) -> Option<PathBuf> {
    let found = [committed(), beside()].into_iter().find(|f| f.join(format!("models/{model}.gguf")).exists());
    if found.is_none() {
        skipped(&format!("no models/{model}.gguf; set RULLAMA_ORACLE to a folder that has it"));
    }
    found
}

/// Says what was not tested, and writes it to the list of the whole run where there is one.
fn skipped(reason: &str) {
    let line = format!("skipped: {reason}");
    println!("{line}");
    if let Some(list) = std::env::var_os("RULLAMA_SKIPS") {
        let mut list = std::fs::File::options().create(true).append(true).open(list).unwrap();
        writeln!(list, "{line}").unwrap();
    }
}

pub(crate) fn model_bytes(model: &str) -> Vec<u8> {
    let path = folder_of(model).expect("a committed model").join(format!("models/{model}.gguf"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The demo model, whose vocabulary of 5120 is the largest of a committed file.
pub(crate) fn demo_bytes() -> Vec<u8> {
    std::fs::read(committed().join("../../assets/demo.gguf")).expect("the demo model is committed")
}

/// The continuation of `prompt.NAME` of a model's goldens, if they have it.
pub(crate) fn continuation(model: &str, name: &str) -> Option<Continuation> {
    let path = folder_of(model)?.join("goldens").join(model);
    let read = |extension| {
        let path = path.with_extension(extension);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (index, bytes): (Value, _) = (serde_json::from_slice(&read("json")).unwrap(), read("bin"));
    let words = |what: &str| -> Option<Vec<[u8; 4]>> {
        let wanted = format!("prompt.{name}.{what}");
        let array =
            index["arrays"].as_array().unwrap().iter().find(|array| array["name"] == wanted.as_str())?;
        let len = array["shape"][0].as_u64().unwrap() as usize;
        let at = array["offset"].as_u64().unwrap() as usize;
        let words = bytes[at..][..4 * len].chunks_exact(4);
        Some(words.map(|word| word.try_into().unwrap()).collect())
    };
    let ids = |what| Some(words(what)?.into_iter().map(u32::from_le_bytes).collect::<Vec<_>>());
    Some(Continuation {
        prompt: ids("ids")?,
        greedy: ids("greedy")?,
        margins: words("greedy_margin")?.into_iter().map(f32::from_le_bytes).collect(),
        text: index["meta"][format!("prompt.{name}.greedy_text")].as_str().map(str::to_owned),
    })
}

/// The prompt of 96 random tokens that every golden has.
pub(crate) fn long(model: &str) -> Continuation {
    continuation(model, "long").expect("every golden has a long prompt")
}

/// The model of the tests that are about sessions: its layers are sliding, full and sharing, with a window of 16.
pub(crate) const MODEL: &str = "tiny-dense-ple/ollama-q4_k_m";

/// A prompt of 27 tokens for [`MODEL`], whose continuation is varied and, with a cache in f32, certain in every step.
pub(crate) fn short() -> Continuation {
    continuation(MODEL, "0").expect("the committed goldens have it")
}
