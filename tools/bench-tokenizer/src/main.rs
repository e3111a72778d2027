//! Megabytes of text per second: our tokenizer beside the `tokenizers` crate, on the same vocabulary and texts.
//!
//! usage: bench-tokenizer VOCABULARY.gguf STRINGS.json
//!
//! STRINGS.json is a golden file of tokenizer cases; its strings, in a random order, make the mixed text. The ids of
//! all are compared before anything is timed. One thread each; the best of
//! seven runs, since other work on the machine only ever makes a run slower.

use std::time::Instant;

use prompt::{Special, Tokenizer, Vocabulary};
use serde_json::{Value, json};

const TEXT_BYTES: usize = 1 << 20;
const RUNS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, vocabulary, strings] = &arguments[..] else {
        eprintln!("usage: bench-tokenizer VOCABULARY.gguf STRINGS.json");
        std::process::exit(2);
    };
    let header = gguf::parse(&std::fs::read(vocabulary).expect("the vocabulary")).expect("a GGUF header");
    let metadata = &header.metadata;
    let tokens = metadata.strings("tokenizer.ggml.tokens").unwrap().expect("tokens");
    let merges = metadata.strings("tokenizer.ggml.merges").unwrap().expect("merges");
    let types = metadata.i32s("tokenizer.ggml.token_type").unwrap().expect("types");

    let start = Instant::now();
    let ours = Tokenizer::new(Vocabulary {
        tokens: tokens.iter(),
        merges: merges.iter(),
        types: &types,
        bos: Some(2),
        eos: &[1],
        unknown: Some(3),
        add_bos: false,
    })
    .unwrap();
    println!("ours: built in {:.0} ms, {} bytes", start.elapsed().as_secs_f64() * 1e3, ours.bytes());

    let json = as_tokenizer_json(&tokens.iter().collect::<Vec<_>>(), &types, merges.iter());
    let start = Instant::now();
    let stable: tokenizers::Tokenizer = json.parse().expect("the released crate reads its own format");
    println!("tokenizers 0.23: built in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let canonical = tokenizers_next::canonicalize_str(&json).expect("an older file is upgraded");
    let start = Instant::now();
    let next = tokenizers_next::from_json(&canonical).expect("the announced crate reads it");
    println!("tokenizers 1.0.0-rc.3: built in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    for (name, text) in texts(strings) {
        let our_ids = ours.encode(&text, Special::Parse);
        println!("{name}: {} bytes, {} tokens", text.len(), our_ids.len());
        let with_stable = || stable.encode_fast(text.as_str(), false).unwrap().get_ids().to_vec();
        let options =
            tokenizers_next::pipeline::EncodeOptions { add_special_tokens: false, ..Default::default() };
        let with_next = || {
            let mut out = Vec::new();
            next.encode_into(&text, &options, &mut out).unwrap();
            out.iter().map(|token| token.id()).collect::<Vec<u32>>()
        };
        report("ours", &text, &our_ids, || ours.encode(&text, Special::Parse));
        report("tokenizers 0.23", &text, &our_ids, with_stable);
        report("tokenizers 1.0.0-rc.3", &text, &our_ids, with_next);
    }
}

fn report(name: &str, text: &str, expected: &[u32], encode: impl Fn() -> Vec<u32>) {
    let mut seconds = Vec::new();
    let mut equal = true;
    for _ in 0..RUNS {
        let start = Instant::now();
        let ids = encode();
        seconds.push(start.elapsed().as_secs_f64());
        equal &= ids == expected;
    }
    seconds.sort_by(f64::total_cmp);
    let rate = text.len() as f64 / seconds[0] / 1e6;
    println!("  {name:22} {rate:8.2} MB/s, ids {}", if equal { "equal" } else { "DIFFER" });
}

/// The vocabulary in the peer's own format.
fn as_tokenizer_json<'a>(tokens: &[&str], types: &[i32], merges: impl Iterator<Item = &'a str>) -> String {
    let vocabulary: serde_json::Map<String, Value> =
        tokens.iter().enumerate().map(|(id, token)| (token.to_string(), json!(id))).collect();
    let merges: Vec<[&str; 2]> = merges
        .map(|merge| {
            let after_first = merge.chars().next().map_or(0, char::len_utf8);
            let space = after_first + merge[after_first..].find(' ').expect("two parts");
            [&merge[..space], &merge[space + 1..]]
        })
        .collect();
    let added: Vec<Value> = tokens
        .iter()
        .enumerate()
        .filter(|(id, _)| matches!(types[*id], 3 | 4))
        .map(|(id, token)| {
            json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"},
        "pre_tokenizer": null,
        "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                  "vocab": vocabulary, "merges": merges},
    })
    .to_string()
}

/// Mixed scripts and code from the golden strings, plain English from some of them, and a run without any seam.
fn texts(strings: &str) -> Vec<(&'static str, String)> {
    let golden: Value = serde_json::from_slice(&std::fs::read(strings).expect("the strings")).expect("JSON");
    let strings: Vec<&str> =
        golden["cases"].as_array().expect("cases").iter().filter_map(|case| case["text"].as_str()).collect();
    let mut state = 1_u64;
    let mut pick = |among: &[&str]| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        among[(state >> 33) as usize % among.len()].to_string()
    };
    let english: Vec<&str> =
        "the quick brown fox jumps over a lazy dog while people who speak many languages write \
        letters about weather engines history music and whatever else comes to mind on long summer evenings"
            .split_whitespace()
            .collect();
    let mut mixed = String::new();
    while mixed.len() < TEXT_BYTES {
        mixed += &pick(&strings);
        mixed += " ";
    }
    let mut prose = String::new();
    while prose.len() < TEXT_BYTES {
        prose += &pick(&english);
        prose += " ";
    }
    vec![("mixed", mixed), ("english", prose), ("one letter", "a".repeat(TEXT_BYTES))]
}
