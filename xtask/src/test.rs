//! `cargo xtask test`: set-up, then every check and test of the project.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::project::{self, Project};
use crate::report::{self, CargoTest, Tally};
use crate::setup::{self, Piece};
use crate::{golden, serve, tidy, web};

/// How much is run.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Scope {
    /// Tidy, formatting, clippy and `cargo test`.
    Quick,
    /// All of that, fuzzing, the web build, Vitest and the browser tests.
    Everything,
}

/// libFuzzer mutates files for the GGUF reader, starting from the golden ones: half a minute, no input over 8 KiB, and five
/// seconds for one input before it counts as a hang.
const FUZZ: &str = "run --release --bin gguf -- corpus/gguf ../crates/gguf/tests/golden \
    -max_total_time=30 -max_len=8192 -timeout=5 -artifact_prefix=artifacts/ -verbosity=0 -print_final_stats=1";
/// Where it keeps inputs that reach new code, and those that break a promise.
const FUZZ_FOLDERS: [&str; 2] = ["fuzz/corpus/gguf", "fuzz/artifacts"];

const NEEDS: &[Piece] = &[
    Piece::WasmTarget,
    Piece::VulkanDriver,
    Piece::Chromium,
    Piece::CppCompiler,
    Piece::Node,
    Piece::NpmPackages,
];

/// Runs the tests. The closing line is the last that is printed; the exit code is a failure when anything failed,
/// or was skipped with `CI=true`. An error means that set-up stopped before the tests.
pub(crate) fn run(project: &Project, scope: Scope) -> Result<ExitCode, String> {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut tally = Tally::default();
    let needs = if scope == Scope::Quick { &[Piece::VulkanDriver] } else { NEEDS };
    staged("set-up", || setup::ensure(project, needs))?;

    staged("tidy", || tally.check("tidy", tidy::run(project)));
    staged("goldens unchanged", || tally.check("goldens unchanged", golden::check(project)));
    staged("formatting", || tally.check("formatting", project::run(&mut project.cargo("fmt --all --check"))));
    let clippy = "clippy --quiet --workspace --all-targets -- -D warnings";
    staged("clippy", || tally.check("clippy", project::run(&mut project.cargo(clippy))));
    let test = "test --workspace --no-fail-fast -- --show-output";
    staged("cargo test", || cargo_test(&mut tally, with_runtime_folder(project, project.cargo(test))));
    if scope == Scope::Everything {
        let clippy = "clippy --quiet --package rullama-wasm --target wasm32-unknown-unknown -- -D warnings";
        staged("clippy for the web", || {
            tally.check("clippy for the web", project::run(&mut project.cargo(clippy)));
        });
        staged("fuzzing", || tally.check("fuzzing", fuzz(project)));
        staged("web build", || tally.check("web build", web::build(project)));
        staged("program with the page inside", || {
            tally.check("program with the page inside", serve::build_for_tests(project));
        });
        staged("vitest", || json_suite(&mut tally, "vitest", vitest(project)));
        staged("browser tests", || json_suite(&mut tally, "browser", browser(project)));
    }

    let skips_fail = in_ci && !tally.skipped.is_empty();
    if skips_fail {
        println!("\nCI=true: nothing may be skipped, so this run fails.");
    }
    print!("{}", tally.summary());
    Ok(if skips_fail || !tally.failed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn staged<T>(name: &str, stage: impl FnOnce() -> T) -> T {
    println!("\n== {name}");
    let start = Instant::now();
    let result = stage();
    println!("-- {name}: {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// Vulkan drivers look for a folder of their own at run time and complain where the machine has none.
fn with_runtime_folder(project: &Project, mut command: Command) -> Command {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        let folder = project.path("target/runtime");
        // Where the folder cannot be made the driver prints its complaint and works all the same.
        if std::fs::create_dir_all(&folder).is_ok() {
            command.env("XDG_RUNTIME_DIR", folder);
        }
    }
    command
}

fn cargo_test(tally: &mut Tally, mut command: Command) {
    let mut output = CargoTest::default();
    let ended = stream(&mut command, |line| {
        if output.line(line) {
            println!("{line}");
        }
    });
    // A crate that does not compile fails without a failed test; it must not count as nothing.
    if let Err(message) = ended
        && output.tally.failed.is_empty()
    {
        output.tally.check("cargo test", Err(message));
    }
    tally.passed += output.tally.passed;
    tally.failed.append(&mut output.tally.failed);
    tally.skipped.append(&mut output.tally.skipped);
    tally.lacking = output.tally.lacking;
}

fn fuzz(project: &Project) -> Result<(), String> {
    for folder in FUZZ_FOLDERS {
        std::fs::create_dir_all(project.path(folder)).map_err(|error| format!("{folder}: {error}"))?;
    }
    // The folder's own Cargo configuration switches on coverage counters, so the command starts there.
    project::run(project.cargo(FUZZ).current_dir(project.path("fuzz")))
}

/// Runs a suite in JavaScript, which prints one line of JSON for each test.
fn json_suite(tally: &mut Tally, suite: &str, mut command: Command) {
    let (mut lines, failed_before) = (0, tally.failed.len());
    let ended = stream(&mut command, |line| {
        lines += 1;
        if let Err(message) = report::json_line(tally, suite, line) {
            tally.check(&format!("{suite} tests"), Err(message));
        }
    });
    match ended {
        Err(message) if tally.failed.len() == failed_before => {
            tally.check(&format!("{suite} tests"), Err(message))
        }
        Ok(()) if lines == 0 => tally.check(&format!("{suite} tests"), Err("no test ran".into())),
        _ => {}
    }
}

fn vitest(project: &Project) -> Command {
    let mut command = web::tool(project, "vitest");
    command.args(["run", "--reporter=./tests/unit/reporter.ts"]);
    command
}

fn browser(project: &Project) -> Command {
    let mut command = project.command("node");
    command.arg("tests/run.mjs").current_dir(project.path("web"));
    setup::name_chromium(&mut command);
    command
}

/// Runs `command` and hands over its standard output line by line, as it comes.
fn stream(command: &mut Command, mut take: impl FnMut(&str)) -> Result<(), String> {
    let shown = project::shown(command);
    println!("$ {shown}");
    let started = command.stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).map_err(|error| format!("reading from `{shown}`: {error}"))? > 0
    {
        take(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
    let status = child.wait().map_err(|error| format!("waiting for `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}
