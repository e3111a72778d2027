//! This checkout, through its command line.

use std::path::Path;

use serde_json::Value;

use super::{Options, Rates, Row};
use crate::project::{self, Project};
use crate::setup::{self, Piece};

/// Builds and measures; gives the whole report of `rullama bench` too.
pub(super) fn measure(project: &Project, model: &Path, options: &Options) -> Result<(Row, Value), String> {
    setup::ensure(project, &[Piece::VulkanDriver])?;
    project::run(&mut project.cargo("build --release --package rullama"))?;
    let mut bench = project.command(project.target_folder()?.join("release/rullama"));
    let [prompt, decode, runs] = options.numbers();
    bench.arg("bench").arg(model).args(["--prompt", &prompt, "--decode", &decode, "--runs", &runs, "--json"]);
    println!("$ {}", project::shown(&bench));
    let printed = project::capture(&mut bench)?;
    let report: Value = serde_json::from_str(&printed)
        .map_err(|error| format!("`rullama bench` printed no JSON: {error}"))?;
    let number = |key: &str| report[key].as_f64().ok_or(format!("`rullama bench` does not report `{key}`"));
    let rates =
        Rates { prompt: number("prompt_tokens_per_second")?, decode: number("decode_tokens_per_second")? };
    let text = |pointer: &str| report.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let tiers = format!("{} and {}", text("/tiers/token"), text("/tiers/prompt"));
    let engine = format!("rullama, this checkout: {}, {tiers}", text("/adapter"));
    Ok((Row { engine, rates: Ok(rates) }, report))
}
