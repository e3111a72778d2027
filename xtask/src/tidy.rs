//! `cargo xtask tidy`: the invariants of the source tree that a program can check.

mod packages;
mod source;
mod tree;

use crate::project::{self, Project};

/// A rule that was broken: where, and what to do.
pub(crate) type Problem = String;

/// Fails with every broken rule.
pub(crate) fn run(project: &Project) -> Result<(), String> {
    let files = tracked_files(project)?;
    let mut problems = packages::check(&packages::read(&project.metadata()?)?);
    for file in files.iter().filter(|file| source::is_checked(file)) {
        // A file that is listed but was deleted is no matter of style.
        if project.path(file).is_file() {
            problems.extend(source::check(file, &project.read(file)?));
        }
    }
    problems.extend(tree::check(&files, |file| project.read(file).unwrap_or_default()));
    if problems.is_empty() {
        println!("{} files", files.len());
        return Ok(());
    }
    problems.sort();
    Err(format!("{} problems\n  {}", problems.len(), problems.join("\n  ")))
}

/// Paths that Git tracks, or would track, relative to the checkout.
fn tracked_files(project: &Project) -> Result<Vec<String>, String> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let text = project::capture(project.command("git").args(list))?;
    Ok(text.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
