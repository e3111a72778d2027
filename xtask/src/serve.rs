//! `cargo xtask serve`: the program with the built page inside, serving it.

use std::path::PathBuf;

use crate::project::{self, Project};
use crate::web;

/// Builds the program with `web/dist` as it is; returns where it lies.
pub(crate) fn build(project: &Project) -> Result<PathBuf, String> {
    compile(project, "build --release --package rullama")?;
    Ok(project.target_folder()?.join("release/rullama"))
}

/// The same as tests start it, in place of the program that has no page.
pub(crate) fn build_for_tests(project: &Project) -> Result<(), String> {
    // As `cargo test` does: for another command Cargo compiles what it depends on again, with other features.
    compile(project, "test --workspace --no-run --test commands")
}

fn compile(project: &Project, command: &str) -> Result<(), String> {
    let app = project.path(web::DIST);
    if !app.join("index.html").is_file() {
        return Err(format!("{} holds no index.html; `cargo xtask web` builds it", web::DIST));
    }
    project::run(project.cargo(command).env("RULLAMA_APP", app))
}

/// Serves on `port` until the program is stopped.
pub(crate) fn run(project: &Project, port: u16) -> Result<(), String> {
    let mut command = project.command(build(project)?);
    project::run(command.args(["serve", "--port", &port.to_string()]))
}
