//! Peers that come as npm packages, in folders outside the workspace.

use std::path::PathBuf;

use crate::project::{self, Project};
use crate::setup::{self, Piece};

/// The folder `target/peers/NAME` with these packages, `package@version`, installed unless the first is there.
pub(super) fn install(project: &Project, name: &str, packages: &[String]) -> Result<PathBuf, String> {
    let folder = project.target_folder()?.join("peers").join(name);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let first = packages.first().expect("a peer has at least one package");
    let (package, version) = first.rsplit_once('@').expect("a package is named with its version");
    let installed = std::fs::read_to_string(folder.join("node_modules").join(package).join("package.json"));
    if installed.is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\""))) {
        return Ok(folder);
    }
    setup::ensure(project, &[Piece::Node])?;
    let mut npm = project.command("npm");
    // Optional packages are binaries for every platform: those that are wanted are named.
    npm.args(["install", "--prefix", ".", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.args(packages).current_dir(&folder);
    project::run(&mut npm)?;
    Ok(folder)
}
