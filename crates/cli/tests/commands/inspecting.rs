//! `inspect` and `plan`.

use serde_json::Value;

use crate::goldens::{MODELS, model_file};
use crate::program::rullama;

#[test]
fn a_file_is_described() {
    let file = model_file("tiny-moe/ollama-q4_k_m");
    let ran = rullama(["inspect", &file, "--json"]).run().ok().json();
    let configuration = &ran["configuration"];
    assert_eq!(configuration["vocabulary"], 768);
    assert_eq!(configuration["experts"]["count"], 6);
    assert_eq!(configuration["experts"]["top_k"], 2);
    assert_eq!(ran["metadata"]["general.architecture"], "gemma4");
    assert_eq!(ran["metadata"]["gemma4.attention.layer_norm_rms_epsilon"], 1e-6);
    assert_eq!(configuration["epsilon"], 1e-6);
    let pattern = ran["metadata"]["gemma4.attention.sliding_window_pattern"].as_array().unwrap();
    assert_eq!(pattern.len(), configuration["layers"].as_array().unwrap().len());
    assert!(ran["vocabulary_arrays"]["tokenizer.ggml.tokens"].as_str().unwrap().contains("768"));
    let tensors = ran["tensors"].as_array().unwrap();
    let bytes = |kind: &str| -> u64 {
        tensors
            .iter()
            .filter(|tensor| tensor["type"] == kind)
            .map(|tensor| tensor["bytes"].as_u64().unwrap())
            .sum()
    };
    let types = ran["types"].as_object().unwrap();
    for kind in ["F32", "Q4_K", "Q5_0", "Q6_K", "Q8_0"] {
        assert_eq!(types[kind]["bytes"], bytes(kind), "{kind}");
    }
    let counted: u64 = types.values().map(|kind| kind["tensors"].as_u64().unwrap()).sum();
    assert_eq!(counted, tensors.len() as u64);
    assert_eq!(ran["bytes"], std::fs::metadata(&file).unwrap().len());

    let table = rullama(["inspect", &file]).run().ok().out;
    assert!(table.contains("token_embd.weight") && table.contains("GGUF version 3"), "{table}");
}

fn plan(model: &str, options: &[&str]) -> Value {
    let file = model_file(model);
    let usual = ["plan", &file, "--json"];
    rullama(usual.iter().chain(options)).run().ok().json()
}

#[test]
fn a_plan_adds_up() {
    for model in MODELS {
        let plan = plan(model, &["--context", "256"]);
        let sum = |values: &mut dyn Iterator<Item = &Value>| -> u64 {
            values.map(|value| value.as_u64().unwrap()).sum()
        };
        let buffers = plan["buffers"].as_array().unwrap();
        let total = plan["total_bytes"].as_u64().unwrap();
        assert_eq!(sum(&mut buffers.iter().map(|buffer| &buffer["bytes"])), total, "{model}");
        assert_eq!(sum(&mut plan["accounts"].as_object().unwrap().values()), total, "{model}");
        assert_eq!(plan["context"], 256);
        assert!(
            buffers.iter().all(|buffer| buffer["name"].is_string() && buffer["shape"].is_array()),
            "{model}"
        );
    }
}

#[test]
fn options_change_the_plan() {
    let cache = |options: &[&str]| plan(MODELS[0], options)["accounts"]["kv_cache"].as_u64().unwrap();
    let usual = cache(&["--context", "256"]);
    assert_eq!(cache(&["--context", "256", "--kv", "f32"]), 2 * usual);
    // A byte for each value, and four for each block of 32.
    assert_eq!(cache(&["--context", "256", "--kv", "q8"]), usual * 9 / 16);
    assert!(cache(&["--context", "512"]) > usual);
    let place = |place: &str| plan(MODELS[0], &["--per-layer-table", place]);
    let (resident, streamed) = (place("resident"), place("streamed"));
    assert_eq!(
        (&resident["per_layer_table"], &streamed["per_layer_table"]),
        (&"resident".into(), &"streamed".into())
    );
    assert!(resident["total_bytes"].as_u64() > streamed["total_bytes"].as_u64());
    assert_eq!(plan(MODELS[2], &[]).get("per_layer_table"), Some(&Value::Null), "it has no such table");
}

#[test]
fn no_adapter_is_needed() {
    let file = model_file(MODELS[0]);
    let without = |options: &[&str]| {
        let usual = ["plan", &file, "--json"];
        rullama(usual.iter().chain(options)).env("VK_DRIVER_FILES", "/dev/null").run().ok().json()
    };
    let usual = without(&[]);
    assert_eq!(usual["limits_of"], "profile webgpu-defaults, no adapter");
    assert_eq!(usual["limits"]["binding_bytes_max"], 128 << 20);
    let phone = without(&["--profile", "iphone-16e"]);
    assert_eq!(phone["limits"]["binding_bytes_max"], 1 << 30);
    assert_eq!(phone["budget_bytes"], 1_800_000_000);
    // The same numbers as on a device that has these limits.
    let with = plan(MODELS[0], &["--profile", "webgpu-defaults"]);
    assert_eq!(with["buffers"], usual["buffers"]);
    assert!(!with["limits_of"].as_str().unwrap().contains("no adapter"), "{}", with["limits_of"]);

    let table = rullama(["plan", &file]).env("VK_DRIVER_FILES", "/dev/null").run().ok().out;
    assert!(table.contains("kv_cache") && table.contains("total"), "{table}");
}
