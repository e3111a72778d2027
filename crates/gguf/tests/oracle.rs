//! Every model of the oracle parses. Its folder lies beside the checkout or where `RULLAMA_ORACLE` says; a clone
//! without it skips this test and says so.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gguf::{Type, decode, parse, read_header_in_windows};
use support::{Slow, block_on};

fn oracle() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracle");
    let folder = std::env::var_os("RULLAMA_ORACLE").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "skipped: no folder {} with the oracle's models; RULLAMA_ORACLE names another",
        folder.display()
    );
    None
}

fn gguf_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gguf_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "gguf") {
            found.push(path);
        }
    }
}

#[test]
fn the_oracles_files_parse() {
    let Some(folder) = oracle() else { return };
    let mut files = Vec::new();
    gguf_files(&folder, &mut files);
    assert!(files.len() >= 8, "only {} files under {}", files.len(), folder.display());
    let mut kinds = BTreeSet::new();
    for path in files {
        let file = std::fs::read(&path).unwrap();
        let header = parse(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(header.metadata.str("general.architecture").unwrap().is_some(), "{}", path.display());
        for tensor in &header.tensors {
            kinds.insert(tensor.kind);
            let data = &file[tensor.offset as usize..(tensor.offset + tensor.bytes) as usize];
            let mut values = vec![f32::NAN; tensor.elements() as usize];
            decode(tensor.kind, data, &mut values).unwrap();
            assert!(values.iter().all(|x| x.is_finite()), "{} in {}", tensor.name, path.display());
        }
        let in_windows = block_on(read_header_in_windows(&Slow::new(file), 1009)).unwrap();
        assert_eq!(in_windows, header, "{}", path.display());
    }
    let missing: Vec<_> = Type::SUPPORTED.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "no oracle file has {missing:?}");
}

#[test]
fn the_real_vocabulary_is_compact() {
    let Some(path) = oracle().map(|folder| folder.join("vocab/ggml-vocab-gemma-4.gguf")) else { return };
    if !path.is_file() {
        return println!("skipped: no file {}", path.display());
    }
    let mut header = parse(&std::fs::read(&path).unwrap()).unwrap();
    let tokens = header.metadata.strings("tokenizer.ggml.tokens").unwrap().unwrap();
    assert_eq!(tokens.len(), 262144);
    let merges = header.metadata.strings("tokenizer.ggml.merges").unwrap().unwrap();
    assert_eq!(merges.len(), 514906);
    // Text, lengths and nothing else: 4 bytes each beside the characters.
    assert!(tokens.memory_bytes() + merges.memory_bytes() < 16 << 20);
    assert!(header.metadata.remove("tokenizer.ggml.merges").is_some());
    assert_eq!(header.metadata.strings("tokenizer.ggml.merges"), Ok(None));
    assert_eq!(header.metadata.i32s("tokenizer.ggml.token_type").unwrap().unwrap().len(), 262144);
}
