//! `cargo xtask web`: the WebAssembly module, its bindings and the page, put together in `web/dist`.

use std::path::Path;

use crate::project::{self, Project};
use crate::setup::{self, Piece};

/// What `build` needs on the machine.
pub(crate) const NEEDS: &[Piece] = &[Piece::WasmTarget, Piece::WasmBindgen, Piece::Node, Piece::NpmPackages];

/// The built page, relative to the checkout.
pub(crate) const DIST: &str = "web/dist";

/// What the page is made of: a folder of the checkout and its place in `web/dist`. One that is not there is left out.
const COPIED: [(&str, &str); 2] = [("web/public", "."), ("web/src", "src")];

/// The demo's model, relative to the checkout.
const MODEL: &str = "assets/demo.gguf";

/// Its name in `web/dist/models`.
const SERVED_MODEL: &str = "demo.gguf";

/// What rustc switches on for wasm32 by default, and SIMD; wasm-opt refuses the module without them.
const WASM_OPT: &str = "-O3 --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue --enable-reference-types";

/// Builds everything below `web/dist` anew.
pub(crate) fn build(project: &Project) -> Result<(), String> {
    let build = "build --package rullama-wasm --release --target wasm32-unknown-unknown";
    project::run(&mut project.cargo(build))?;

    let dist = project.path(DIST);
    if dist.exists() {
        std::fs::remove_dir_all(&dist).map_err(|error| format!("{DIST}: {error}"))?;
    }
    let module = project.target_folder()?.join("wasm32-unknown-unknown/release/rullama_wasm.wasm");
    let package = dist.join("pkg");
    let mut bindgen = project.command(project.path(setup::WASM_BINDGEN));
    bindgen.args(["--target", "web", "--out-name", "rullama", "--out-dir"]).arg(&package).arg(module);
    project::run(&mut bindgen)?;

    let wasm = package.join("rullama_bg.wasm");
    let mut optimise = project.command(project.path("web/node_modules/.bin/wasm-opt"));
    project::run(optimise.args(WASM_OPT.split_whitespace()).arg(&wasm).arg("-o").arg(&wasm))?;
    let bytes = std::fs::metadata(&wasm).map_err(|error| format!("{}: {error}", wasm.display()))?.len();
    println!("{DIST}/pkg/rullama_bg.wasm: {bytes} bytes");

    for (folder, place) in COPIED {
        if project.path(folder).is_dir() {
            copy_folder(&project.path(folder), &dist.join(place))?;
        }
    }
    let served = dist.join("models");
    std::fs::create_dir_all(&served).map_err(|error| format!("{}: {error}", served.display()))?;
    copy_file(&project.path(MODEL), &served.join(SERVED_MODEL))
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
