//! Files that no download should leave, and what a new user is told about them.

use engine::gguf::{Tensor, Type, Value, Writer, parse};

use crate::goldens::model_file;
use crate::program::{folder, rullama, text};

/// The smallest committed model.
const MODEL: &str = "tiny-kv/llama-q4_0";

/// The model written anew: `set` writes each metadata entry, `keep` says which tensors stay.
pub(crate) fn rewritten(
    set: impl Fn(Writer<'static>, &str, &Value) -> Writer<'static>,
    keep: impl Fn(&Tensor) -> bool,
) -> Vec<u8> {
    rewritten_tensors(set, |tensor, data| {
        keep(tensor).then(|| (tensor.kind, tensor.shape.clone(), data.to_vec()))
    })
}

/// The same, with type, shape and data of each tensor that stays.
fn rewritten_tensors(
    set: impl Fn(Writer<'static>, &str, &Value) -> Writer<'static>,
    tensor: impl Fn(&Tensor, &[u8]) -> Option<(Type, Vec<u64>, Vec<u8>)>,
) -> Vec<u8> {
    let file = std::fs::read(model_file(MODEL)).unwrap();
    let header = parse(&file).unwrap();
    let mut writer = Writer::new();
    for (key, value) in header.metadata.iter() {
        writer = set(writer, key, value);
    }
    for old in &header.tensors {
        let data = &file[old.offset as usize..(old.offset + old.bytes) as usize];
        if let Some((kind, shape, data)) = tensor(old, data) {
            writer = writer.tensor(old.name.clone(), kind, &shape, data);
        }
    }
    writer.file()
}

fn unchanged(writer: Writer<'static>, key: &str, value: &Value) -> Writer<'static> {
    writer.set(key, value.clone())
}

/// Every command that opens the file says the same, and `--json` gives the code.
fn check(name: &str, content: &[u8], commands: &[&str], code: &str, says: &[&str]) {
    let file = folder(&format!("broken {name}")).join("model.gguf");
    std::fs::write(&file, content).unwrap();
    let file = text(&file);
    let mut says = says.to_vec();
    says.push(&file);
    for command in commands {
        let rest: &[&str] = match *command {
            "run" => &["Hi", "--max-tokens", "1"],
            "tokenize" => &["--text", "Hi"],
            _ => &[],
        };
        let arguments: Vec<&str> = [*command, &file].into_iter().chain(rest.iter().copied()).collect();
        rullama(&arguments).run().failed(1, &says);
        let ran = rullama(arguments.iter().chain(&["--json"])).run();
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.code, error["code"].as_str()), (1, Some(code)), "{ran:?}");
        assert_eq!(ran.out, "", "{ran:?}");
    }
}

const ALL: &[&str] = &["run", "plan", "inspect", "tokenize"];
const LOADING: &[&str] = &["run", "plan"];

#[test]
fn not_a_model_at_all() {
    check(
        "page",
        b"<!DOCTYPE html><html></html>",
        ALL,
        "BAD_FILE",
        &["not a GGUF file", "`<!DO`", "web page"],
    );
    check("empty", b"", ALL, "TRUNCATED_FILE", &["the file ends at 0", "download may be incomplete"]);
    let big_endian = [b"GGUF".as_slice(), &3_u32.to_be_bytes(), &[0; 16]].concat();
    check("big-endian", &big_endian, ALL, "BAD_FILE", &["big-endian"]);
}

#[test]
fn a_truncated_download() {
    let file = std::fs::read(model_file(MODEL)).unwrap();
    let says = ["the file ends at", "download may be incomplete"];
    check("cut in the header", &file[..5000], ALL, "TRUNCATED_FILE", &says);
    check("cut in the data", &file[..file.len() - 1000], ALL, "TRUNCATED_FILE", &says);
}

#[test]
fn a_missing_tensor() {
    let file = rewritten(unchanged, |tensor| tensor.name != "blk.1.attn_q.weight");
    check("missing tensor", &file, LOADING, "MISSING_TENSOR", &["no tensor `blk.1.attn_q.weight`"]);
}

#[test]
fn an_unsupported_type() {
    let file = rewritten_tensors(unchanged, |tensor, data| {
        if tensor.name != "blk.0.ffn_up.weight" {
            return Some((tensor.kind, tensor.shape.clone(), data.to_vec()));
        }
        // IQ4_NL has blocks of the same length as Q4_0.
        let kind = Type::from_id(20);
        let bytes = tensor.elements() / kind.block_len() as u64 * kind.block_bytes() as u64;
        Some((kind, tensor.shape.clone(), vec![0; bytes as usize]))
    });
    let says = ["`blk.0.ffn_up.weight`", "IQ4_NL", "supported are F32", "Q6_K", "remedy: "];
    check("unsupported type", &file, LOADING, "UNSUPPORTED_TYPE", &says);
}

#[test]
fn a_tensor_of_another_shape() {
    let file = rewritten_tensors(unchanged, |tensor, data| {
        if tensor.name != "blk.0.ffn_up.weight" {
            return Some((tensor.kind, tensor.shape.clone(), data.to_vec()));
        }
        // Half of the rows, whole in themselves.
        let shape = vec![tensor.shape[0] / 2, tensor.shape[1]];
        Some((tensor.kind, shape, data[..data.len() / 2].to_vec()))
    });
    check("another shape", &file, LOADING, "BAD_TENSOR", &["`blk.0.ffn_up.weight` has shape", "asks for"]);
}

#[test]
fn another_architecture() {
    let set = |writer: Writer<'static>, key: &str, value: &Value| match key {
        "general.architecture" => writer.set(key, "llama"),
        _ => unchanged(writer, key, value),
    };
    check("llama", &rewritten(set, |_| true), LOADING, "UNSUPPORTED_MODEL", &["`llama`", "`gemma4`"]);
}

#[test]
fn missing_and_senseless_metadata() {
    let without = |missing: &'static str| {
        move |writer: Writer<'static>, key: &str, value: &Value| {
            if key == missing { writer } else { unchanged(writer, key, value) }
        }
    };
    let key = "gemma4.block_count";
    check(
        "no layers",
        &rewritten(without(key), |_| true),
        LOADING,
        "BAD_METADATA",
        &["no metadata key", key],
    );
    let key = "tokenizer.ggml.tokens";
    check("no vocabulary", &rewritten(without(key), |_| true), ALL, "NO_VOCABULARY", &[key, "vocabulary"]);
    let many = |writer: Writer<'static>, key: &str, value: &Value| match key {
        "gemma4.block_count" => writer.set(key, 1_000_000_u32),
        _ => unchanged(writer, key, value),
    };
    check(
        "many layers",
        &rewritten(many, |_| true),
        LOADING,
        "BAD_METADATA",
        &["gemma4.block_count", "1000000"],
    );
}

#[test]
fn not_a_file() {
    let folder = text(&folder("broken folder"));
    rullama(["inspect", &folder]).run().failed(1, &[&folder, "is not a file", "GGUF file"]);
}

/// To open one is to wait for whoever writes into it.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_a_file() {
    let pipe = folder("broken pipe").join("pipe");
    crate::program::pipe(&pipe);
    rullama(["inspect", &text(&pipe)]).run().failed(1, &[&text(&pipe), "is not a file"]);
}

/// A terminal would obey them.
#[test]
fn control_characters_of_a_file_are_not_printed() {
    let folder = folder("broken controls");
    let file = folder.join("model\u{1b}[1m.gguf");
    let content = rewritten_tensors(
        |writer, key, value| match key {
            "general.architecture" => writer.set("\u{1b}]0;key\u{7}", "\u{9b}2J").set(key, "\u{1b}c"),
            _ => unchanged(writer, key, value),
        },
        |tensor, data| Some((tensor.kind, tensor.shape.clone(), data.to_vec())),
    );
    // Of the same length, so that nothing moves.
    let name = b"blk.0.attn_q.weight";
    let start = content.windows(name.len()).position(|bytes| bytes == name).unwrap();
    let mut content = content;
    content[start..start + 4].copy_from_slice(b"\x1b[2J");
    std::fs::write(&file, &content).unwrap();
    let file = text(&file);
    let controls = |text: &str| text.chars().any(|it| it.is_control() && it != '\n');
    let table = rullama(["inspect", &file]).run().ok().out;
    assert!(!controls(&table), "{table:?}");
    for part in
        ["model\\u{1b}[1m.gguf", "\\u{1b}]0;key\\u{7} = \"\\u{9b}2J\"", "\n\\u{1b}[2J0.attn_q.weight "]
    {
        assert!(table.contains(part), "no {part} in {table:?}");
    }
    // Messages name the file, and what is in it.
    let ran = rullama(["plan", &file]).run();
    ran.failed(1, &["model\\u{1b}[1m.gguf: ", "`\\u{1b}c`"]);
    assert!(!controls(&ran.err), "{ran:?}");
    // A program gets the names as they are.
    let json = rullama(["inspect", &file, "--json"]).run().ok().json();
    assert_eq!(json["metadata"]["\u{1b}]0;key\u{7}"], "\u{9b}2J");
}
