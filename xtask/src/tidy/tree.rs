//! Rules about which files there are: the parts of a kernel, and documents that keep up with the code.

use std::collections::BTreeSet;

use super::Problem;

const KERNELS: &str = "crates/kernels/src/";

/// Folders that are no kernel: shader text that kernels share, and the machinery that runs cases.
const NO_KERNELS: [&str; 3] = ["block", "case", "shared"];

/// What every kernel folder holds beside its shaders.
const KERNEL_PARTS: [&str; 3] = ["mod.rs", "reference.rs", "cases.rs"];

const ARCHITECTURE: &str = "docs/architecture.md";
const KERNEL_LIST: &str = "docs/kernels.md";

/// The broken rules. `read` returns the text of a file, empty where there is none.
pub(crate) fn check(files: &[String], read: impl Fn(&str) -> String) -> Vec<Problem> {
    let mut problems = Vec::new();
    let kernels: BTreeSet<&str> =
        folders_in(files, KERNELS).into_iter().filter(|name| !NO_KERNELS.contains(name)).collect();
    let list = read(KERNEL_LIST);
    for kernel in kernels {
        let folder = format!("{KERNELS}{kernel}/");
        let parts: Vec<&str> = files.iter().filter_map(|file| file.strip_prefix(folder.as_str())).collect();
        for part in KERNEL_PARTS.iter().filter(|part| !parts.contains(*part)) {
            problems.push(format!("{folder}{part} is missing"));
        }
        if !parts.iter().any(|part| part.ends_with(".wgsl")) {
            problems.push(format!("{folder} holds no shader"));
        }
        if !list.contains(&format!("`{kernel}`")) {
            problems.push(format!("{KERNEL_LIST} does not name `{kernel}`"));
        }
    }
    let architecture = read(ARCHITECTURE);
    for name in folders_in(files, "crates/") {
        if !architecture.contains(&format!("`{name}`")) && !architecture.contains(&format!("crates/{name}")) {
            problems.push(format!("{ARCHITECTURE} does not name the crate `{name}`"));
        }
    }
    problems
}

/// Names of the folders directly below `parent` that hold files.
fn folders_in<'a>(files: &'a [String], parent: &str) -> BTreeSet<&'a str> {
    let below = files.iter().filter_map(|file| file.strip_prefix(parent));
    below.filter_map(|rest| rest.split_once('/')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [&str; 5] = [
        "crates/kernels/src/lib.rs",
        "crates/kernels/src/add/mod.rs",
        "crates/kernels/src/add/add.wgsl",
        "crates/kernels/src/add/reference.rs",
        "crates/kernels/src/add/cases.rs",
    ];

    #[track_caller]
    fn check_rule(files: &[&str], documents: &str, expected: &[&str]) {
        let files: Vec<String> = files.iter().map(|file| file.to_string()).collect();
        let problems = check(&files, |_| documents.into());
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn kernels_are_whole_and_documents_keep_up() {
        check_rule(&WHOLE, "`kernels` has `add`", &[]);
        check_rule(&WHOLE[..4], "`kernels` has `add`", &["add/cases.rs is missing"]);
        check_rule(&[WHOLE[1], WHOLE[3], WHOLE[4]], "`kernels` `add`", &["add/ holds no shader"]);
        check_rule(&WHOLE, "`kernels`", &["docs/kernels.md does not name `add`"]);
        check_rule(&WHOLE, "`add`", &["docs/architecture.md does not name the crate `kernels`"]);
        check_rule(&["crates/kernels/src/block/q4_0.wgsl"], "crates/kernels", &[]);
    }
}
