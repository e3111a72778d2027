//! Where goldens and vocabularies are, and how they are read.

use std::path::{Path, PathBuf};

use prompt::{Tokenizer, Vocabulary};
use serde_json::Value;

/// The goldens that are part of the repository.
pub(crate) fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(path)
}

/// A file of the larger collection beside the checkout; says what is skipped where it is absent.
pub(crate) fn beside(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("RULLAMA_ORACLE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracle"), PathBuf::from);
    let file = folder.join(path);
    if !file.exists() {
        println!("skipped: no {path} in the oracle folder; set RULLAMA_ORACLE to a folder that has it");
        return None;
    }
    Some(file)
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

/// The tokenizer of a GGUF file.
pub(crate) fn tokenizer(path: &Path) -> Tokenizer {
    let header = gguf::parse(&read(path)).unwrap();
    let metadata = &header.metadata;
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let types = metadata.i32s(&key("token_type")).unwrap().unwrap();
    let mut eos: Vec<u32> = metadata
        .i32s(&key("eos_token_ids"))
        .unwrap()
        .map_or_else(Vec::new, |ids| ids.iter().map(|&id| id as u32).collect());
    eos.extend(metadata.u32(&key("eos_token_id")).unwrap());
    Tokenizer::new(Vocabulary {
        tokens: metadata.strings(&key("tokens")).unwrap().unwrap().iter(),
        merges: metadata.strings(&key("merges")).unwrap().unwrap().iter(),
        types: &types,
        bos: metadata.u32(&key("bos_token_id")).unwrap(),
        eos: &eos,
        unknown: metadata.u32(&key("unknown_token_id")).unwrap(),
        add_bos: metadata.bool(&key("add_bos_token")).unwrap().unwrap_or(false),
    })
    .unwrap()
}

/// The small vocabulary of the tiny models, in Ollama's dialect.
pub(crate) fn tiny() -> Tokenizer {
    tokenizer(&committed("models/tiny-kv/ollama-q4_k_m.gguf"))
}

/// Gemma 4's own vocabulary.
pub(crate) fn real() -> Option<Tokenizer> {
    Some(tokenizer(&beside("vocab/ggml-vocab-gemma-4.gguf")?))
}

/// Numbers that look random and are the same every time (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % bound as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
