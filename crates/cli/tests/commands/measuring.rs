//! `bench` and `check`.

use serde_json::Value;

use crate::goldens::{MODELS, model_file};
use crate::program::rullama;

#[test]
fn a_bench_counts_what_a_token_costs() {
    let file = model_file(MODELS[0]);
    let options = ["--prompt", "24", "--decode", "9", "--runs", "2", "--json"];
    let ran = rullama(["bench", &file].iter().chain(&options)).run().ok().json();
    let number =
        |pointer: &str| ran.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer}"));
    assert!(number("/prompt_tokens_per_second") > 0.0 && number("/decode_tokens_per_second") > 0.0);
    assert!(number("/load_seconds") > 0.0 && number("/weight_bytes_per_token") > 0.0);
    assert_eq!(ran["decode_tokens_per_second_runs"].as_array().unwrap().len(), 2);
    // A token is one submission of prepared commands and four bytes back.
    assert_eq!(number("/per_token/submits"), 1.0);
    assert_eq!(number("/per_token/buffers_created"), 0.0);
    assert_eq!(number("/per_token/bind_groups_created"), 0.0);
    assert_eq!(number("/per_token/bytes_read"), 4.0);
    assert!(number("/per_token/dispatches") >= 1.0);
    let peaks = ran["memory"]["peak_bytes_by_account"].as_object().unwrap();
    let plan = rullama(["plan", &file, "--context", "33", "--json"]).run().ok().json();
    for account in ["weights", "kv_cache", "activations"] {
        assert_eq!(peaks[account], plan["accounts"][account], "{account}: the peak is what was planned");
    }
}

#[test]
fn a_bench_for_people() {
    let file = model_file(MODELS[4]);
    let options = ["--prompt", "8", "--decode", "4", "--runs", "1", "--stages", "--sample"];
    let ran = rullama(["bench", &file].iter().chain(&options)).run().ok().out;
    assert!(ran.contains("tok/s") && ran.contains("dispatches") && ran.contains("weights"), "{ran}");
    // The best 256 logits with their ids, and 256 logits that penalties may ask for.
    assert!(ran.contains(" 3076.0 bytes read"), "{ran}");
    assert!(ran.contains("gate_up") && ran.contains("GB/s"), "{ran}");
}

/// One decoded step is all there is to time.
#[test]
fn the_shortest_bench() {
    let bench = |options: &[&str]| {
        let shortest = ["bench", "demo", "--prompt", "4", "--decode", "2", "--runs", "1"];
        rullama(shortest.iter().chain(options)).run().ok()
    };
    assert!(bench(&[]).out.contains("decode  2 tokens"));
    let ran = bench(&["--json"]).json();
    for rate in ["prompt_tokens_per_second", "decode_tokens_per_second", "first_token_seconds"] {
        assert!(ran[rate].is_number(), "{rate}: {ran}");
    }
    assert!(ran["decode_tokens_per_second_runs"][0].is_number(), "{ran}");
}

#[test]
fn a_context_that_is_too_short_to_measure() {
    let file = model_file(MODELS[0]);
    let bench = |options: &[&str], says: &[&str]| {
        rullama(["bench", &file].iter().chain(options)).run().failed(2, says)
    };
    bench(&["--prompt", "8", "--decode", "4", "--context", "11"], &["--context 11", "12 tokens"]);
    bench(&["--prompt", "100000"], &["100128 tokens of --prompt and --decode", "2048"]);
}

#[test]
fn a_model_that_is_no_file_cannot_come_from_the_disk() {
    rullama(["bench", "demo", "--cold"]).run().failed(2, &["--cold", "part of this program", "GGUF"]);
}

#[test]
fn kernels_are_measured() {
    let ran = rullama(["check", "--speed", "--kernel", "top_k", "--json"]).run().ok().json();
    let kernels = ran["kernels"].as_array().unwrap();
    assert_eq!(kernels.len(), 1, "{ran}");
    assert_eq!(kernels[0]["kernel"], "top_k");
    for number in ["/copy_gigabytes_per_second", "/multiply_gigaflops/f32", "/kernels/0/gigabytes_per_second"]
    {
        assert!(ran.pointer(number).and_then(Value::as_f64).unwrap() > 0.0, "{number}: {ran}");
    }
    let table = rullama(["check", "--speed", "--kernel", "argmax"]).run().ok().out;
    assert!(table.contains("copying") && table.contains("argmax: "), "{table}");
    rullama(["check", "--speed", "--kernel", "magic"]).run().failed(2, &["`magic`", "rms_norm"]);
}

/// Too small a budget is no fault of the kernels, nor of the driver.
#[test]
fn cases_that_do_not_fit_the_budget_are_counted_apart() {
    let ran = rullama(["check", "--kernel", "argmax", "--budget", "1k", "--json"]).run();
    let row = &ran.json()["kernels"][0];
    let (cases, unfit) = (row["cases"].as_u64().unwrap(), row["unfit"].as_u64().unwrap());
    assert!(0 < unfit && unfit <= cases && row["failed"] == 0, "{ran:?}");
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, error["code"].as_str()), (1, Some("OUT_OF_MEMORY")), "{ran:?}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("{unfit} of {cases} kernel cases did not fit")), "{ran:?}");
    let remedy = error["remedy"].as_str().unwrap();
    assert!(remedy.contains("--budget") && !remedy.contains("driver"), "{ran:?}");
}

/// A budget that nearly no case fits saves the minutes that all of them take; it says nothing of the tiers.
#[test]
fn tiers_are_tried_where_all_kernels_are_checked() {
    let ran = rullama(["check", "--budget", "1k"]).run();
    assert!(ran.code == 1 && ran.err.contains("did not fit the memory"), "{ran:?}");
    let (_, table) = ran.out.split_once("\ntiers ").unwrap_or_else(|| panic!("{ran:?}"));
    let rows = |work: &str| table.lines().filter(|line| line.starts_with(work)).collect::<Vec<_>>();
    for (work, tiers) in [("token ", 6), ("prompt ", 3)] {
        let rows = rows(work);
        assert_eq!(rows.len(), tiers, "{table}");
        assert_eq!(rows.iter().filter(|row| row.ends_with(", used")).count(), 1, "{table}");
        assert!(!rows.iter().any(|row| row.contains("fails")), "{table}");
    }
}

#[test]
fn kernels_are_checked() {
    let ran = rullama(["check", "--kernel", "gelu_mul", "--kernel", "argmax", "--json"]).run().ok().json();
    let kernels = ran["kernels"].as_array().unwrap();
    let names: Vec<&str> = kernels.iter().map(|row| row["kernel"].as_str().unwrap()).collect();
    assert_eq!(names, ["argmax", "gelu_mul"]);
    assert!(kernels.iter().all(|row| row["cases"].as_u64().unwrap() > 0 && row["failed"] == 0), "{ran}");
    assert!(ran["adapter"]["name"].is_string() && ran["features"].is_object() && ran["limits"].is_object());
    let table = rullama(["check", "--kernel", "rms_norm"]).run().ok().out;
    assert!(table.contains("rms_norm") && !table.contains("argmax"), "{table}");
    assert!(!table.contains("error:") && table.contains("column `error`: "), "{table}");
    rullama(["check", "--kernel", "magic"]).run().failed(2, &["`magic`", "rms_norm"]);
}
