//! `logits` against the reference, on both paths.

use crate::goldens::{Golden, MODELS, model_file};
use crate::program::{folder, rullama, text};

/// Absolute, on logits of scale 15: what arithmetic in f32 may differ by.
const TOLERANCE_F32: f32 = 2e-3;
/// The same with keys and values rounded to f16.
const TOLERANCE_F16: f32 = 1e-1;

fn check(model: &str, options: &[&str], tolerance: f32) {
    let golden = Golden::of(model);
    let folder = folder(&format!("logits {model} {}", options.concat()).replace('/', " "));
    let (ids, out) = (folder.join("ids.json"), folder.join("logits.f32"));
    std::fs::write(&ids, serde_json::to_vec(&golden.ids("prompt.long.ids")).unwrap()).unwrap();
    let file = model_file(model);
    let (ids, out_name) = (text(&ids), text(&out));
    let command = ["logits", &file, "--ids", &ids, "--out", &out_name];
    assert_eq!(rullama(command.iter().chain(options)).run().ok().out, "", "nothing but the file");
    let expected = golden.f32s("prompt.long.logits");
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(bytes.len(), 4 * expected.len(), "{model} {options:?}");
    let worst = bytes
        .as_chunks()
        .0
        .iter()
        .zip(expected)
        .map(|(&got, expected)| (f32::from_le_bytes(got) - expected).abs())
        // A NaN must not pass as small.
        .fold(0.0f32, |worst, error| if error > worst || error.is_nan() { error } else { worst });
    println!("{model} {options:?}: {worst:e}");
    assert!(worst <= tolerance, "{model} {options:?}: {worst:e} is above {tolerance:e}");
}

#[test]
fn prompt_path_in_f32() {
    let exact = ["--kv", "f32", "--prompt-tier", "float", "--token-tier", "float"];
    MODELS.iter().for_each(|model| check(model, &exact, TOLERANCE_F32));
}

#[test]
fn decode_path_in_f32() {
    let exact = ["--kv", "f32", "--prompt-tier", "float", "--token-tier", "float", "--decode"];
    MODELS.iter().for_each(|model| check(model, &exact, TOLERANCE_F32));
}

#[test]
fn the_usual_cache_and_small_chunks() {
    check(MODELS[0], &[], TOLERANCE_F16);
    check(MODELS[2], &["--decode", "--kv", "f16"], TOLERANCE_F16);
    check(MODELS[4], &["--chunk", "7", "--kv", "f32"], TOLERANCE_F32);
}

#[test]
fn a_small_device_computes_the_same() {
    check(MODELS[1], &["--kv", "f32", "--profile", "webgpu-defaults"], TOLERANCE_F32);
}

#[test]
fn a_streamed_per_layer_table_gives_the_same() {
    check(MODELS[0], &["--kv", "f32", "--per-layer-table", "streamed"], TOLERANCE_F32);
}

#[test]
fn ids_that_cannot_be_are_refused() {
    let folder = folder("logits-refused");
    let file = model_file(MODELS[3]);
    let check = |content: &str, options: &[&str], code: i32, says: &[&str]| {
        let ids = folder.join("ids.json");
        std::fs::write(&ids, content).unwrap();
        let out = folder.join("out.f32");
        let (ids, out_name) = (text(&ids), text(&out));
        let command = ["logits", &file, "--ids", &ids, "--out", &out_name];
        rullama(command.iter().chain(options)).run().failed(code, says);
        assert!(!out.exists(), "no file is left: {says:?}");
    };
    check("[]", &[], 1, &["ids.json", "no token ids"]);
    check("[1, -2]", &[], 1, &["ids.json", "not a JSON list of token ids"]);
    check("words", &[], 1, &["ids.json", "not a JSON list of token ids"]);
    check("[2, 768]", &[], 1, &["768", "vocabulary"]);
    check("[2, 5, 6]", &["--context", "2"], 1, &["3 tokens", "context of 2", "--context"]);
    let many = serde_json::to_string(&vec![2; 2049]).unwrap();
    check(&many, &[], 1, &["2049 tokens", "context of 2048", "shorten the prompt"]);
}

#[test]
fn no_input_is_overwritten_and_an_old_file_is_replaced() {
    let folder = folder("logits-outputs");
    let [model, ids, out] = ["model.gguf", "ids.json", "out.f32"].map(|name| text(&folder.join(name)));
    std::fs::copy(model_file(MODELS[3]), &model).unwrap();
    std::fs::write(&ids, "[2, 5, 6]").unwrap();
    let logits = |out: &str, options: &[&str]| {
        rullama(["logits", &model, "--ids", &ids, "--out", out].iter().chain(options))
    };
    let before = std::fs::read(&model).unwrap();
    // The same file by another path.
    let detour = text(&folder.join("../logits-outputs/model.gguf"));
    for input in [&model, &detour, &ids] {
        logits(input, &[]).run().failed(2, &["would overwrite the input", input, "name another file"]);
    }
    assert!(std::fs::read(&model).unwrap() == before && std::fs::read(&ids).unwrap() == b"[2, 5, 6]");
    logits(&text(&folder.join("none/out.f32")), &[]).run().failed(2, &["no folder"]);
    logits(&text(&folder.join("none/")), &[]).run().failed(2, &["none/: is the path of a folder"]);
    let both = logits("-", &["--json"]).run();
    assert!(both.code == 2 && both.out.is_empty() && both.err.contains("--out - and --json"), "{both:?}");

    std::fs::write(&out, "old").unwrap();
    logits(&out, &["--max-tokens"]).run().failed(2, &["--max-tokens"]);
    assert_eq!(std::fs::read(&out).unwrap(), b"old");
    logits(&out, &[]).run().ok();
    let written = std::fs::read(&out).unwrap();
    assert_eq!(written.len(), 4 * 3 * 768);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "nothing is left beside it");
    let output = logits("-", &[]).start().wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout == written, "{:?}", output.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_named() {
    let ids = folder("logits-full").join("ids.json");
    std::fs::write(&ids, "[2, 5, 6]").unwrap();
    let file = model_file(MODELS[3]);
    rullama(["logits", &file, "--ids", &text(&ids), "--out", "/dev/full"])
        .run()
        .failed(1, &["writing /dev/full", "No space left"]);
    assert!(std::path::Path::new("/dev/full").exists());
}
