//! Strings to ids and back as Hugging Face `tokenizers` and llama.cpp do it.

use prompt::{Special, SpecialText, Tokenizer};

use crate::files::{beside, committed, ids, json, read, real, tiny, tokenizer};

fn check_golden(tokenizer: &Tokenizer, golden: &serde_json::Value) {
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let expected = ids(&case["ids"]);
        assert_eq!(tokenizer.encode(text, Special::Parse), expected, "{text:?}");
        assert_eq!(tokenizer.decode(&expected), case["decoded"].as_str().unwrap(), "{text:?}");
        let hidden = tokenizer.decode_with(&expected, SpecialText::Hide);
        assert_eq!(hidden, case["decoded_skip_special"].as_str().unwrap(), "{text:?}");
    }
}

#[test]
fn tiny_vocabulary_in_both_dialects() {
    let golden = json(&committed("text/tokenizer_tiny.json"));
    check_golden(&tiny(), &golden);
    check_golden(&tokenizer(&committed("models/tiny-kv/llama-q4_0.gguf")), &golden);
}

#[test]
fn real_vocabulary() {
    if let (Some(tokenizer), Some(golden)) = (real(), beside("text/tokenizer_real.json")) {
        check_golden(&tokenizer, &json(&golden));
        println!("the tables hold {} bytes", tokenizer.bytes());
        assert!(tokenizer.bytes() < 20 << 20, "{} bytes: too much for a browser", tokenizer.bytes());
    }
}

#[test]
fn vocabulary_test_of_llama_cpp() {
    let files = ["", ".inp", ".out"].map(|end| beside(&format!("vocab/ggml-vocab-gemma-4.gguf{end}")));
    let [Some(vocabulary), Some(texts), Some(expected)] = files else { return };
    let tokenizer = tokenizer(&vocabulary);
    let texts = String::from_utf8(read(&texts)).unwrap();
    let texts: Vec<&str> = texts.split("\n__ggml_vocab_test__\n").collect();
    let expected = String::from_utf8(read(&expected)).unwrap();
    let expected: Vec<Vec<u32>> = expected
        .lines()
        .map(|line| line.split_whitespace().map(|id| id.parse().unwrap()).collect())
        .collect();
    assert_eq!(texts.len(), expected.len());
    for (text, expected) in texts.iter().zip(expected) {
        assert_eq!(tokenizer.encode(text, Special::Text), expected, "{text:?}");
    }
}

#[test]
fn both_dialects_agree_on_what_ends_an_answer() {
    for file in ["models/tiny-kv/ollama-q4_k_m.gguf", "models/tiny-kv/llama-q4_0.gguf"] {
        let tokenizer = tokenizer(&committed(file));
        assert_eq!(tokenizer.stops(), [1, 50, 106], "{file}");
        assert_eq!(tokenizer.bos(), Some(2), "{file}");
        assert_eq!(tokenizer.add_bos(), file.contains("/llama-"), "{file}");
        assert_eq!((tokenizer.id("<|turn>"), tokenizer.piece(105)), (Some(105), Some("<|turn>")), "{file}");
        assert!(tokenizer.is_special(100) && !tokenizer.is_special(107) && !tokenizer.is_special(768));
    }
}

/// A megabyte without any place to cut would not end in a lifetime if the work were quadratic.
#[test]
fn a_megabyte_without_a_seam() {
    let tokenizer = tiny();
    for unit in ["a", "\n", " ", "é", "\u{10348}", "the", "\u{0301}", "<"] {
        let text = unit.repeat((1 << 20) / unit.len());
        let ids = tokenizer.encode(&text, Special::Parse);
        assert!(tokenizer.decode(&ids) == text, "{unit:?}: decodes to something else");
    }
}
