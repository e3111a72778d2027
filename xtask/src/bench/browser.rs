//! `cargo xtask bench --browser`: the engine and, with `--peers`, wllama (llama.cpp's WebGPU back end) in Chromium.
//!
//! wllama loads no file of 2 GB or more: a bigger model has to be split (llama.cpp's `llama-gguf-split`), and a tensor that
//! alone is bigger, as e2b's per-layer table in BF16, has to be of another type. `--wllama-model` names such a file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Options, Rates, Row, npm, table};
use crate::project::{self, Project};
use crate::setup::{self, Piece};

const WLLAMA: &str = "@wllama/wllama";
const WLLAMA_VERSION: &str = "3.8.1";
/// Files that wllama loads are smaller.
const WLLAMA_BYTES: u64 = 2 << 30;
/// What the pages import.
const ENGINE: &str = "web/lib/engine/wasm/rullama.js";

/// Measures in Chromium and prints a table in Markdown.
pub(super) fn run(project: &Project, model: &Path, options: &Options) -> Result<(), String> {
    if !project.path(ENGINE).is_file() {
        return Err(format!("there is no {ENGINE}; `cargo xtask web` builds it"));
    }
    let peer_model = peer_model(model, options)?;
    setup::ensure(project, &[Piece::Node, Piece::NpmPackages, Piece::Chromium])?;
    let mut node = project.command("node");
    let [prompt, decode, runs] = options.numbers();
    node.arg("bench/run.mjs").arg(model).args(["--prompt", &prompt, "--decode", &decode, "--runs", &runs]);
    if options.software {
        node.arg("--software");
    }
    if options.peers {
        let folder = npm::install(project, "wllama", &[format!("{WLLAMA}@{WLLAMA_VERSION}")])?;
        node.arg("--wllama").arg(folder.join("node_modules").join(WLLAMA));
        node.arg("--wllama-model").arg(&peer_model);
    }
    node.current_dir(project.path("web"));
    setup::name_chromium(&mut node);
    println!("$ {}", project::shown(&node));
    let printed = project::capture(&mut node)?;
    let mut reports = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = row("rullama, this checkout, in Chromium", &reports.next().unwrap_or_default());
    if let Err(problem) = &ours.rates {
        return Err(format!("the engine was not measured: {problem}"));
    }
    let mut rows = vec![ours];
    if options.peers {
        rows.push(row("wllama", &reports.next().unwrap_or_default()));
    }
    println!("\n{}", table(&rows, options));
    if options.peers && peer_model != model {
        println!("wllama ran on {}.", peer_model.file_name().unwrap_or_default().display());
    }
    Ok(())
}

/// The file that wllama gets.
fn peer_model(model: &Path, options: &Options) -> Result<PathBuf, String> {
    let path = match &options.wllama_model {
        Some(path) => std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?,
        None => model.to_path_buf(),
    };
    let bytes = std::fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
    if options.peers && bytes >= WLLAMA_BYTES {
        return Err(format!(
            "{}: {bytes} bytes, and wllama loads files below {WLLAMA_BYTES}; `--wllama-model` takes the first of split files",
            path.display()
        ));
    }
    Ok(path)
}

/// A page's report: rates with where they come from, or what went wrong.
fn row(name: &str, report: &Value) -> Row {
    let word = |pointer: &str| report.pointer(pointer).and_then(Value::as_str);
    let rate = |key: &str| report[key].as_f64();
    let rates = match (rate("prompt"), rate("decode")) {
        (Some(prompt), Some(decode)) => Ok(Rates { prompt, decode }),
        _ => Err(word("/message").unwrap_or("the page reported nothing").to_owned()),
    };
    let engine = match (word("/engine"), word("/adapter/name"), word("/tiers/tokenTier")) {
        (Some(engine), ..) => engine.to_owned(),
        (None, Some(adapter), Some(tier)) => format!("{name}: {adapter}, {tier}"),
        _ => name.to_owned(),
    };
    Row { engine, rates }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_becomes_a_row() {
        let ours = json!({"adapter": {"name": "card"}, "tiers": {"tokenTier": "packed"}, "prompt": 100.0, "decode": 10.0});
        let ours = row("ours", &ours);
        assert_eq!(ours.engine, "ours: card, packed");
        assert_eq!(ours.rates.unwrap().decode, 10.0);
        assert_eq!(row("w", &json!({"engine": "wllama 1", "prompt": 1.0, "decode": 2.0})).engine, "wllama 1");
        let failed = row("w", &json!({"code": "load_error", "message": "too big"}));
        assert_eq!((failed.engine.as_str(), failed.rates.err().as_deref()), ("w", Some("too big")));
        assert!(row("w", &Value::Null).rates.is_err());
    }
}
