//! rullama 0.5.0 from the Rust package registry, the last version before this one, through its native API.

use std::path::{Path, PathBuf};

use super::{Options, Rates, Row, medians};
use crate::project::{self, Project};

const MANIFEST: &str = include_str!("rullama_05/manifest.toml");
const PROGRAM: &str = include_str!("rullama_05/main.rs");

pub(super) fn measure(project: &Project, model: &Path, options: &Options) -> Row {
    let rates = build(project).and_then(|program| run(project, &program, model, options));
    Row { engine: "rullama 0.5.0".into(), rates }
}

/// Builds the program in a folder, and build folder, of its own.
fn build(project: &Project) -> Result<PathBuf, String> {
    let folder = project.target_folder()?.join("peers/rullama-0.5");
    let described = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder.join("src")).map_err(described)?;
    std::fs::write(folder.join("Cargo.toml"), MANIFEST).map_err(described)?;
    std::fs::write(folder.join("src/main.rs"), PROGRAM).map_err(described)?;
    let mut cargo = project.cargo("build --release --target-dir target");
    project::run(cargo.current_dir(&folder))?;
    Ok(folder.join("target/release/bench"))
}

fn run(project: &Project, program: &Path, model: &Path, options: &Options) -> Result<Rates, String> {
    let mut bench = project.command(program);
    bench.arg(model).args(options.numbers());
    println!("$ {}", project::shown(&bench));
    medians(&project::capture(&mut bench)?)
}
