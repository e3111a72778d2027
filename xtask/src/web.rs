//! `cargo xtask web`: the WebAssembly module and its bindings, the npm package in `web/lib`, the app in `web/dist`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{self, Project};
use crate::setup::Piece;

/// What `build` needs on the machine.
pub(crate) const NEEDS: &[Piece] = &[Piece::WasmTarget, Piece::Node, Piece::NpmPackages];

/// The built page, relative to the checkout.
pub(crate) const DIST: &str = "web/dist";

/// Writes the bindings. It is `xtask/bindgen`, built from source in half a minute where that has not been done.
const BINDGEN: &str =
    "run --quiet --locked --manifest-path xtask/bindgen/Cargo.toml --target-dir target/tools --";

/// What the files of the bindings begin with.
const NAME: &str = "rullama";

/// The module and its bindings, where the package's sources expect them.
const BINDINGS: &str = "web/src/engine/wasm";

/// The version of the package for its own sources, which have no other way to it in every bundler and browser.
const VERSION: &str = "web/src/engine/version.ts";

/// The built package, relative to the checkout; what npm publishes.
const PACKAGE: &str = "web/lib";

/// Files that go into the package as they are.
const PACKAGED: [(&str, &str); 3] =
    [(MODEL, "engine/demo.gguf"), ("LICENSE-MIT", "LICENSE-MIT"), ("LICENSE-APACHE", "LICENSE-APACHE")];

/// The demo's model, relative to the checkout.
const MODEL: &str = "assets/demo.gguf";

/// What rustc switches on for wasm32 by default, and SIMD; wasm-opt refuses the module without them.
const WASM_OPT: &str = "-O3 --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue --enable-reference-types";

/// Builds `web/lib` and `web/dist` anew.
pub(crate) fn build(project: &Project) -> Result<(), String> {
    let build = "build --package rullama-wasm --release --target wasm32-unknown-unknown";
    project::run(&mut project.cargo(build))?;

    let bindings = remove(project, BINDINGS)?;
    let module = project.target_folder()?.join("wasm32-unknown-unknown/release/rullama_wasm.wasm");
    let mut bindgen = project.cargo(BINDGEN);
    project::run(bindgen.arg(module).arg(NAME).arg(&bindings))?;

    let wasm = bindings.join("rullama_bg.wasm");
    let mut optimise = tool(project, "wasm-opt");
    project::run(optimise.args(WASM_OPT.split_whitespace()).arg(&wasm).arg("-o").arg(&wasm))?;
    let bytes = std::fs::metadata(&wasm).map_err(|error| format!("{}: {error}", wasm.display()))?.len();
    println!("{BINDINGS}/rullama_bg.wasm: {bytes} bytes");

    write_version(project)?;
    let package = remove(project, PACKAGE)?;
    for half in ["tsconfig.engine.json", "tsconfig.node.json"] {
        project::run(tool(project, "tsc").args(["-p", half]))?;
    }
    copy_folder(&bindings, &package.join("engine/wasm"))?;
    for (file, place) in PACKAGED {
        copy_file(&project.path(file), &package.join(place))?;
    }

    remove(project, DIST)?;
    let check = "--tsconfig tsconfig.json --fail-on-warnings --output human";
    project::run(tool(project, "svelte-check").args(check.split_whitespace()))?;
    project::run(tool(project, "tsc").args(["-p", "tsconfig.unit.json"]))?;
    project::run(tool(project, "vite").args(["build", "--logLevel", "warn"]))
}

/// Writes the version that `package.json` has as a module.
fn write_version(project: &Project) -> Result<(), String> {
    let manifest = "web/package.json";
    let failed = |file: &str, error: &dyn std::fmt::Display| format!("{file}: {error}");
    let text = std::fs::read_to_string(project.path(manifest)).map_err(|error| failed(manifest, &error))?;
    let parsed: serde_json::Value = serde_json::from_str(&text).map_err(|error| failed(manifest, &error))?;
    let version = parsed["version"].as_str().ok_or_else(|| failed(manifest, &"it has no `version`"))?;
    let module =
        format!("// Made from package.json by `cargo xtask web`.\nexport const VERSION = '{version}';\n");
    std::fs::write(project.path(VERSION), module).map_err(|error| failed(VERSION, &error))
}

/// A program of the npm packages, started in `web`.
pub(crate) fn tool(project: &Project, name: &str) -> Command {
    let mut command = project.command(project.path("web/node_modules/.bin").join(name));
    command.current_dir(project.path("web"));
    command
}

/// The path of a folder that is no longer there.
fn remove(project: &Project, folder: &str) -> Result<PathBuf, String> {
    let path = project.path(folder);
    if path.exists() {
        std::fs::remove_dir_all(&path).map_err(|error| format!("{folder}: {error}"))?;
    }
    Ok(path)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let entries = std::fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("{}: {error}", from.display()))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?
        } else {
            copy_file(&entry.path(), &target)?
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), String> {
    let copied = std::fs::copy(from, to);
    copied.map(drop).map_err(|error| format!("copying {} to {}: {error}", from.display(), to.display()))
}
