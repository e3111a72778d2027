//! llama.cpp through the npm package `node-llama-cpp`, whose platform packages bring it compiled.

use std::path::{Path, PathBuf};

use super::{Options, Row, medians, npm};
use crate::project::{self, Project};

const VERSION: &str = "3.22.1";
const PROGRAM: &str = include_str!("llama_cpp.mjs");

/// The program's exit code where llama.cpp takes none of the graphics adapters.
const NO_ADAPTER: i32 = 4;

/// One row for the processor, one for the graphics adapter, by the best back end that is installed.
pub(super) fn measure(project: &Project, model: &Path, options: &Options) -> Vec<Row> {
    let folder = install(project);
    let row = |name: &str, device: &str| {
        let measured = folder.clone().and_then(|folder| run(project, &folder, model, options, device));
        let (engine, rates) = match measured {
            Ok((engine, printed)) => (format!("llama.cpp {engine}"), medians(&printed)),
            Err(problem) => (format!("llama.cpp, {name}"), Err(problem)),
        };
        Row { engine, rates }
    };
    vec![row("processor", "cpu"), row("graphics adapter", "auto")]
}

/// The folder with the package and the program.
fn install(project: &Project) -> Result<PathBuf, String> {
    let mut packages = vec![format!("node-llama-cpp@{VERSION}")];
    packages.extend(platform_packages()?);
    let folder = npm::install(project, "llama-cpp", &packages)?;
    let program = folder.join("bench.mjs");
    std::fs::write(&program, PROGRAM).map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(folder)
}

/// llama.cpp for this machine's processor and for Vulkan.
fn platform_packages() -> Result<Vec<String>, String> {
    let names: &[&str] = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => &["linux-x64", "linux-x64-vulkan"],
        ("linux", "aarch64") => &["linux-arm64"],
        ("windows", "x86_64") => &["win-x64", "win-x64-vulkan"],
        ("macos", "aarch64") => &["mac-arm64-metal"],
        (os, arch) => return Err(format!("node-llama-cpp has no llama.cpp for {os} on {arch}")),
    };
    Ok(names.iter().map(|name| format!("@node-llama-cpp/{name}@{VERSION}")).collect())
}

/// What it calls itself, and what it printed.
fn run(
    project: &Project,
    folder: &Path,
    model: &Path,
    options: &Options,
    device: &str,
) -> Result<(String, String), String> {
    let mut node = project.command("node");
    node.arg("bench.mjs").arg(model).arg(device).args(options.numbers()).current_dir(folder);
    println!("$ {}", project::shown(&node));
    let output = node.output().map_err(|error| format!("cannot start node: {error}"))?;
    let output = match output.status.code() {
        // It leaves software adapters alone unless one is named.
        Some(NO_ADAPTER) => {
            let named = node.env("GGML_VK_VISIBLE_DEVICES", "0").output();
            named.map_err(|error| format!("cannot start node: {error}"))?
        }
        _ => output,
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let name = printed.lines().find_map(|line| line.strip_prefix("engine: ")).map(str::to_owned);
    match name {
        Some(name) if output.status.success() => Ok((name, printed)),
        _ => {
            let errors = String::from_utf8_lossy(&output.stderr);
            let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing said");
            Err(format!("{}: {last}", output.status))
        }
    }
}
