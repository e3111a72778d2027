//! `tokenize` and `render`.

use serde_json::{Value, json};

use crate::goldens::{MODELS, model_file};
use crate::program::{folder, golden, oracle, rullama, text};

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every `step`-th case of a golden, since each is a process.
fn check_tokenizer(file: &str, golden: &Value, step: usize) {
    let ids_file = folder(&format!("tokenize {}", file.len())).join("ids.json");
    for case in golden["cases"].as_array().unwrap().iter().step_by(step) {
        let given = case["text"].as_str().unwrap();
        // A command line cannot hold a zero byte, so such a text comes as a file.
        let ran =
            rullama(["tokenize", file, "--file", "-", "--special", "--json"]).input(given).run().ok().json();
        assert_eq!(ran["ids"], case["ids"], "{given:?}");
        assert_eq!(ran["pieces"].as_array().unwrap().len(), ran["ids"].as_array().unwrap().len());
        std::fs::write(&ids_file, case["ids"].to_string()).unwrap();
        let ids_name = text(&ids_file);
        let decoded = rullama(["tokenize", file, "--decode", &ids_name]).run().ok().out;
        assert_eq!(decoded, case["decoded"].as_str().unwrap(), "{given:?}");
        // What `--json` prints can be given back, and the text then comes as JSON.
        let decoded =
            rullama(["tokenize", file, "--decode", "-", "--json"]).input(ran.to_string()).run().ok().json();
        assert_eq!(decoded, json!({ "text": case["decoded"] }), "{given:?}");
    }
}

#[test]
fn tokens_of_both_dialects() {
    let golden = read(&golden("text/tokenizer_tiny.json"));
    check_tokenizer(&model_file(MODELS[0]), &golden, 12);
    check_tokenizer(&model_file(MODELS[3]), &golden, 24);
}

#[test]
fn a_vocabulary_alone_is_enough() {
    let Some(vocabulary) = oracle("vocab/ggml-vocab-gemma-4.gguf") else { return };
    let Some(tokens) = oracle("text/tokenizer_real.json") else { return };
    let vocabulary = text(&vocabulary);
    check_tokenizer(&vocabulary, &read(&tokens), 48);
    let inspected = rullama(["inspect", &vocabulary, "--json"]).run().ok().json();
    assert_eq!(inspected["vocabulary"], 262_144);
    assert_eq!(inspected["configuration"], Value::Null);
    rullama(["plan", &vocabulary])
        .run()
        .failed(1, &["ggml-vocab-gemma-4.gguf", "no tensor `token_embd.weight`"]);
    each_conversation(1, |size, name, input, golden| {
        let ran =
            rullama(["render", &vocabulary, "--input", "-", "--template", size, "--json"]).input(input).run();
        assert_eq!(ran.ok().json(), json!({ "text": golden["text"], "ids": golden["ids"] }), "{size} {name}");
    });
}

/// Calls back with template, name, input and golden of every `step`-th conversation.
fn each_conversation(step: usize, check: impl Fn(&str, &str, &str, &Value)) {
    let chat = read(&golden("text/chat.json"));
    for size in ["small", "large"] {
        let conversations = chat[size].as_object().unwrap();
        assert!(conversations.len() > 20);
        for (name, golden) in conversations.iter().step_by(step) {
            check(size, name, &golden["input"].to_string(), golden);
        }
    }
}

#[test]
fn conversations() {
    let file = model_file(MODELS[0]);
    each_conversation(3, |size, name, input, golden| {
        let ran = rullama(["render", &file, "--input", "-", "--template", size]).input(input).run().ok();
        assert_eq!(ran.out, golden["text"].as_str().unwrap(), "{size} {name}");
    });
}

#[test]
fn the_template_is_that_of_the_model() {
    let input = r#"{"messages": [{"role": "user", "content": "Hi"}]}"#;
    let render =
        |model: &str| rullama(["render", &model_file(model), "--input", "-"]).input(input).run().ok().out;
    assert!(render(MODELS[0]).ends_with("<|turn>model\n"), "small: per-layer embeddings");
    assert!(render(MODELS[2]).ends_with("<channel|>"), "large: none");
}

#[test]
fn special_tokens_only_where_asked_for() {
    let file = model_file(MODELS[0]);
    let tokenize = |options: &[&str]| {
        let usual = ["tokenize", &file, "--text", "<|turn>", "--json"];
        rullama(usual.iter().chain(options)).run().ok().json()
    };
    assert_eq!(tokenize(&["--special"]), json!({ "ids": [105], "pieces": ["<|turn>"] }));
    let plain = tokenize(&[]);
    assert!(plain["ids"].as_array().unwrap().len() > 1, "{plain}");
    assert!(!plain["ids"].as_array().unwrap().contains(&json!(105)), "{plain}");
}

/// Editors on Windows write one; it is no part of the text, nor of JSON.
#[test]
fn a_byte_order_mark_is_passed_over() {
    let file = model_file(MODELS[0]);
    let with = |options: &[&str], input: &str| {
        let run = |input: &str| rullama(options).input(input).run().ok().out;
        assert_eq!(run(&format!("\u{feff}{input}")), run(input), "{options:?}");
    };
    with(&["tokenize", &file, "--file", "-"], "Hi");
    with(&["tokenize", &file, "--decode", "-"], "[2, 105]");
    with(&["render", &file, "--input", "-"], r#"{"messages": [{"role": "user", "content": "Hi"}]}"#);
    let question = "\u{feff}{\"kind\": \"k\"}";
    rullama(["eval", "demo", "-"]).input(question).run().failed(1, &["line 1: missing field `expect`"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let file = model_file(MODELS[0]);
    let tokenize = |option: &str, input: &str, says: &[&str]| {
        rullama(["tokenize", &file, option, "-"]).input(input).run().failed(1, says);
    };
    tokenize("--decode", "[768]", &["768", "vocabulary of 768"]);
    tokenize("--decode", "{}", &["standard input", "not a JSON list"]);
    rullama(["tokenize", &file, "--file", "/nonexistent/file"]).run().failed(1, &["/nonexistent/file"]);
    let render = |input: &str, says: &[&str]| {
        rullama(["render", &file, "--input", "-"]).input(input).run().failed(1, says);
    };
    render("{", &["conversation", "line 1"]);
    render(
        r#"{"messages": [{"role": "tool", "content": "x"}]}"#,
        &["message 0", "tool result without a call"],
    );
    // One that is misspelt would change nothing.
    render(
        r#"{"messages": [{"role": "user", "content": "x"}], "enable_thinkin": true}"#,
        &["standard input: there is no key `enable_thinkin`; there are: messages, tools, enable_thinking"],
    );
}
