//! No adapter, too little memory, limits that are too small.

use crate::broken_files::rewritten;
use crate::goldens::{MODELS, model_file};
use crate::program::{folder, rullama, text};
use serde_json::json;

#[test]
fn no_adapter() {
    let file = model_file(MODELS[0]);
    let without = |arguments: &[&str]| rullama(arguments).env("VK_DRIVER_FILES", "/dev/null").run();
    let says = ["no GPU adapter was found", "driver", "remedy: "];
    without(&["run", &file, "Hi"]).failed(3, &says);
    without(&["bench", &file]).failed(3, &says);
    without(&["check"]).failed(3, &says);
    without(&["inspect", &file]).ok();
    without(&["tokenize", &file, "--text", "Hi"]).ok();
    let named = |adapter: &str| rullama(["run", &file, "Hi", "--adapter", adapter]).run();
    named("Voodoo").failed(1, &["`Voodoo`", "there are: "]);
    without(&["run", &file, "Hi", "--adapter", "Voodoo"]).failed(3, &["no GPU adapter was found"]);
    let ran = without(&["run", &file, "Hi", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, error["code"].as_str()), (3, Some("NO_ADAPTER")), "{ran:?}");
    assert!(error["message"].as_str().unwrap().contains("adapter"), "{error}");
}

#[test]
fn too_small_a_budget() {
    let file = model_file(MODELS[0]);
    let says = ["budget is 1000000 bytes", "remedy: no options make it fit", "--context", "larger --budget"];
    rullama(["run", &file, "Hi", "--budget", "1M"]).run().failed(1, &says);
    rullama(["plan", &file, "--budget", "1M"]).run().failed(1, &says);
    let ran = rullama(["run", &file, "Hi", "--greedy", "--max-tokens", "2", "--budget", "1G"]).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    // What the plan says is enough, to the byte.
    for [token, prompt] in [["float", "float"], ["packed", "half"]] {
        let same = ["--context", "64", "--token-tier", token, "--prompt-tier", prompt];
        let plan = rullama(["plan", &file, "--json"].iter().chain(&same)).run().ok().json();
        assert_eq!(plan["tiers"], json!({ "token": token, "prompt": prompt }));
        let run = |budget: u64| {
            let budget = budget.to_string();
            let usual = ["run", &file, "Hi", "--max-tokens", "1", "--budget", &budget];
            rullama(usual.iter().chain(&same)).run()
        };
        let needed = plan["total_bytes"].as_u64().unwrap();
        run(needed).ok();
        run(needed - 1).failed(1, &[&format!("needs {needed} bytes"), &format!("{} bytes", needed - 1)]);
    }
}

#[test]
fn too_large_a_context() {
    let file = folder("too-large-a-context").join("long.gguf");
    // The same model, but made for contexts that no binding of 128 MiB holds.
    std::fs::write(
        &file,
        rewritten(
            |writer, key, value| match key {
                "gemma4.context_length" => writer.set(key, 1_u32 << 20),
                _ => writer.set(key, value.clone()),
            },
            |_| true,
        ),
    )
    .unwrap();
    let file = text(&file);
    let small = ["--profile", "webgpu-defaults", "--kv", "f32"];
    let run = |context: &str| rullama(["plan", &file, "--context", context].iter().chain(&small)).run();
    run("1024").ok();
    run("1048576").failed(1, &["blk.", "needs", "binds at most 134217728", "smaller context"]);
    run("2097152")
        .failed(2, &["context of 2097152", "1 to 1048576", "remedy: with this model --context can be"]);
    let run = |context: &str| rullama(["run", &file, "Hi", "--context", context].iter().chain(&small)).run();
    run("1048576").failed(1, &["binds at most 134217728"]);
    run("0").failed(2, &["context of 0"]);
}

/// The message's numbers are those of the plan that it points to.
#[test]
fn the_plan_that_does_not_fit_can_be_had() {
    let check = |options: &[&str], lists: &str| {
        let failed = rullama(["plan", "demo", "--budget", "12M"].iter().chain(options)).run();
        failed.failed(1, &[&format!("`rullama {lists}` without --budget lists every buffer")]);
        let listed = lists.split(' ').skip(1);
        let plan = rullama(["plan", "demo", "--json"].into_iter().chain(listed)).run().ok().json();
        let says = format!(
            "needs {} bytes of GPU memory with a context of {} tokens and chunks of {};",
            plan["total_bytes"], plan["context"], plan["chunk"]
        );
        failed.failed(1, &[&says]);
    };
    check(&[], "plan --context 2048 --chunk 64");
    check(&["--context", "1000", "--chunk", "128"], "plan --context 1000 --chunk 128");
}

/// What is proposed is tried out: it helps.
#[test]
fn options_that_make_a_model_fit() {
    let needed = |options: &[&str]| {
        let plan = rullama(["plan", "demo", "--json"].iter().chain(options)).run().ok().json();
        plan["total_bytes"].as_u64().unwrap()
    };
    let check = |budget: u64, options: &[&str], names: &[&str]| {
        let budget = budget.to_string();
        let plan = |more: &[&str]| {
            let usual = ["plan", "demo", "--budget", &budget];
            rullama(usual.iter().chain(options).chain(more)).run()
        };
        let ran = plan(&[]);
        let all: Vec<&str> = ["remedy: it fits with ", "; or give a larger --budget"]
            .into_iter()
            .chain(names.iter().copied())
            .collect();
        ran.failed(1, &all);
        let ways = ran.err.split("it fits with ").nth(1).unwrap().split(';').next().unwrap();
        for way in ways.split(", or with ") {
            let more: Vec<&str> = way.trim_matches('`').split(' ').collect();
            plan(&more).ok();
        }
    };
    let short = ["--chunk", "64"];
    let usual = needed(&short);
    let streamed = needed(&["--chunk", "64", "--per-layer-table", "streamed"]);
    check(streamed, &[], &["with `--per-layer-table streamed`;"]);
    check(needed(&["--chunk", "64", "--context", "1000"]), &[], &[", or with `--context 1000`;"]);
    check(streamed - 1, &[], &["`--per-layer-table streamed --kv q8`"]);
    check(usual - 1, &["--chunk", "64"], &["--per-layer-table streamed"]);
    let least = needed(&["--chunk", "16", "--kv", "q8", "--per-layer-table", "streamed", "--context", "256"]);
    check(least, &[], &["`--per-layer-table streamed --kv q8 --chunk 16 --context 2"]);
}

#[test]
fn a_prompt_longer_than_the_context() {
    let file = model_file(MODELS[0]);
    let run = |words: usize, options: &[&str], says: &[&str]| {
        let command = ["run", &file, "-"];
        rullama(command.iter().chain(options)).input("word ".repeat(words)).run().failed(1, says);
    };
    let larger = "remedy: give a larger --context, this model has up to 2048";
    run(50, &["--context", "16"], &["context of 16", larger]);
    // No context holds so much, and so none is proposed.
    let shorter = "remedy: shorten the prompt; this model's longest context is 2048";
    run(3000, &["--context", "16"], &["context of 16", shorter]);
    run(3000, &[], &["context of 2048", shorter]);
}

#[test]
fn an_answer_that_the_context_cuts_short() {
    let file = model_file(MODELS[0]);
    let run = |options: &[&str]| {
        let usual = ["run", &file, "Hi", "--greedy", "--ignore-eos", "--context", "24"];
        rullama(usual.iter().chain(options)).run()
    };
    let ran = run(&[]);
    assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{ran:?}");
    assert!(ran.err.contains("the context of 24 tokens is full") && ran.err.contains("--context"), "{ran:?}");
    assert!(!ran.out.is_empty() && !ran.out.contains("context"), "{ran:?}");
    assert_eq!(run(&["--json"]).ok().json()["reason"], "context_full");
    run(&["--max-tokens", "2"]).ok();
}

#[test]
fn a_tier_that_the_adapter_has_no_feature_for() {
    let file = model_file(MODELS[0]);
    let run = |tier: &str| {
        rullama(["run", &file, "Hi", "--max-tokens", "1", "--profile", "no-f16", "--prompt-tier", tier]).run()
    };
    run("half").failed(1, &["the tier `half` needs half precision (shader-f16)", "`auto`"]);
    run("auto").ok();
}
