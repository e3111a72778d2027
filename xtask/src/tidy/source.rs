//! Rules about the text of one file.

use super::Problem;

const RUST_LINES_MAX: usize = 500;
const WGSL_LINES_MAX: usize = 250;

/// Endings of the files whose text is checked; others are data.
const CHECKED: [&str; 17] = [
    "rs",
    "wgsl",
    "md",
    "toml",
    "mjs",
    "js",
    "ts",
    "svelte",
    "html",
    "css",
    "yml",
    "yaml",
    "sh",
    "py",
    "run",
    "gitignore",
    "txt",
];

/// Data, and texts whose form is not ours.
const UNCHECKED: [&str; 3] = ["tests/golden/", "LICENSE", "crates/prompt/tests/data/"];

/// Beginnings of paths that mean something on one machine only; split, so that this file keeps its own rule.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

/// What library crates leave to the command line: files, sockets, the terminal, processes.
const OUTSIDE_WORLD: [&str; 8] =
    ["std::fs", "std::net", "std::process", "println!(", "print!(", "eprintln!(", "eprint!(", "dbg!("];

/// Settings come from the caller: a variable of the environment that changes what is computed cannot be seen in code.
const ENVIRONMENT: [&str; 3] = ["env::var", "env::vars", "env::set_var"];

/// State of the whole process: two engines in one program must not know of each other.
const GLOBAL_STATE: [&str; 5] = ["thread_local!", "static mut ", ": Atomic", ": Mutex<", ": RwLock<"];

/// Whether `file` is a text that the rules apply to.
pub(crate) fn is_checked(file: &str) -> bool {
    let ending = file.rsplit(['.', '/']).next().unwrap_or("");
    CHECKED.contains(&ending) && !UNCHECKED.iter().any(|start| file.starts_with(start))
}

/// The rules that `text` breaks; `file` is its path in the checkout.
pub(crate) fn check(file: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t']) {
            problems.push(format!("{file}:{number}: white space at the end of the line"));
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(*path)) {
            problems.push(format!("{file}:{number}: `{path}` is a path of one machine"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        problems.push(format!("{file}: the last line has no line end"));
    }
    if file.ends_with(".rs") {
        problems.extend(check_length(file, text, RUST_LINES_MAX));
        problems.extend(check_rust(file, text));
    }
    if file.ends_with(".wgsl") {
        problems.extend(check_length(file, text, WGSL_LINES_MAX));
        if !text.starts_with("//") {
            problems.push(format!("{file}: the first lines of a shader say what one workgroup computes"));
        }
    }
    problems
}

fn check_length(file: &str, text: &str, max: usize) -> Option<Problem> {
    let lines = text.lines().count();
    (lines > max).then(|| format!("{file}: {lines} lines, at most {max}; give each idea its file"))
}

fn check_rust(file: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if file.contains("/src/") && !text.starts_with("//!") {
        problems.push(format!("{file}: a module starts with `//!` and what it is for"));
    }
    if !is_library(file) {
        return problems;
    }
    for (number, line) in code_lines(text) {
        let is_static = line.trim_start().trim_start_matches("pub ").starts_with("static ");
        let found = |words: &'static [&'static str]| words.iter().find(move |word| contains_word(line, word));
        if let Some(word) = found(&OUTSIDE_WORLD) {
            problems
                .push(format!("{file}:{number}: `{word}` belongs into the command line, not into a library"));
        }
        if let Some(word) = found(&ENVIRONMENT) {
            problems.push(format!("{file}:{number}: `{word}`: a library takes settings from its caller"));
        }
        let global = GLOBAL_STATE.iter().find(|word| line.contains(*word));
        if let Some(word) =
            global.filter(|word| is_static || word.starts_with("thread") || word.starts_with("static"))
        {
            problems.push(format!("{file}:{number}: `{}` is state of the whole process", word.trim()));
        }
    }
    problems
}

/// Source of a crate that others build on; `tests`, `examples` and `benches` may use what they like.
fn is_library(file: &str) -> bool {
    file.starts_with("crates/")
        && file.contains("/src/")
        && !file.starts_with("crates/cli/")
        && !file.ends_with("/tests.rs")
        && !file.contains("/tests/")
}

/// Numbered lines without comments and without modules that only tests see.
///
/// It relies on the formatter: a module's closing brace is indented as its first line.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut after_attribute, mut test_module_end) = (false, None::<String>);
    (1..).zip(text.lines()).filter(move |(_, line)| {
        if let Some(end) = &test_module_end {
            if line == end {
                test_module_end = None;
            }
            return false;
        }
        let code = line.trim_start();
        if code.starts_with("#[cfg(test)]") {
            after_attribute = true;
            return false;
        }
        if after_attribute && !code.starts_with("#[") {
            after_attribute = false;
            if line.ends_with('{') {
                let indent = &line[..line.len() - code.len()];
                test_module_end = Some(format!("{indent}}}"));
                return false;
            }
        }
        !code.starts_with("//")
    })
}

/// Whether `line` holds `word` other than as the end of a longer name (`print!(` in `eprint!(`).
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` in `file` breaks exactly the rules whose messages hold `expected`.
    #[track_caller]
    fn check_rule(file: &str, text: &str, expected: &[&str]) {
        let problems = check(file, text);
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    const LIB: &str = "crates/gpu/src/lib.rs";

    #[test]
    fn text_is_clean() {
        check_rule("README.md", "fine\n", &[]);
        check_rule("README.md", "space \n", &["README.md:1: white space"]);
        check_rule("README.md", "no end", &["no line end"]);
        check_rule("docs/a.md", &format!("in {}me/x\n", "/ho"), &["path of one machine"]);
    }

    #[test]
    fn files_are_short() {
        let lines = |count: usize| "// x\n".repeat(count);
        check_rule("a.wgsl", &lines(250), &[]);
        check_rule("a.wgsl", &lines(251), &["251 lines, at most 250"]);
        check_rule("crates/gpu/tests/a.rs", &lines(501), &["501 lines, at most 500"]);
    }

    #[test]
    fn files_say_what_they_are_for() {
        check_rule(LIB, "//! Words.\n", &[]);
        check_rule(LIB, "mod a;\n", &["starts with `//!`"]);
        check_rule("crates/gpu/tests/a.rs", "mod a;\n", &[]);
        check_rule("a.wgsl", "fn f() {}\n", &["what one workgroup computes"]);
    }

    #[test]
    fn libraries_leave_the_outside_world_alone() {
        let source = |line: &str| format!("//! Words.\n{line}\n");
        check_rule(LIB, &source("use std::fs;"), &["`std::fs` belongs"]);
        check_rule(LIB, &source("    eprintln!(\"x\");"), &["`eprintln!(` belongs"]);
        check_rule(LIB, &source("let v = std::env::var(\"X\");"), &["settings from its caller"]);
        check_rule(LIB, &source("/// Not `std::fs`."), &[]);
        check_rule(LIB, &source("#[cfg(test)]\nmod tests {\n    use std::fs;\n}"), &[]);
        check_rule(LIB, &source("#[cfg(test)]\nmod tests {\n}\nuse std::net;"), &["lib.rs:5: `std::net`"]);
        check_rule(LIB, &source("#[cfg(test)]\nmod tests;\nuse std::net;"), &["lib.rs:4: `std::net`"]);
        check_rule("crates/cli/src/main.rs", &source("use std::fs;"), &[]);
        check_rule("crates/gpu/tests/a.rs", &source("use std::fs;"), &[]);
    }

    #[test]
    fn nothing_is_global() {
        let source = |line: &str| format!("//! Words.\n{line}\n");
        check_rule(
            LIB,
            &source("static COUNT: AtomicU64 = AtomicU64::new(0);"),
            &["state of the whole process"],
        );
        check_rule(LIB, &source("pub static mut COUNT: u64 = 0;"), &["state of the whole process"]);
        check_rule(LIB, &source("thread_local! {"), &["state of the whole process"]);
        check_rule(LIB, &source("    count: AtomicU64,"), &[]);
        check_rule(LIB, &source("static NAMES: [&str; 1] = [\"x\"];"), &[]);
    }

    #[test]
    fn data_is_left_alone() {
        assert!(is_checked("crates/gpu/src/lib.rs") && is_checked(".ci/run") && is_checked("a/b.wgsl"));
        assert!(!is_checked("tests/golden/README.md") && !is_checked("a.gguf") && !is_checked("LICENSE-MIT"));
    }
}
