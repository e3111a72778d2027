//! The project's tasks, run as `cargo xtask TASK`: one file per task.

mod bench;
mod demo;
mod golden;
mod project;
mod report;
mod serve;
mod setup;
mod test;
mod tidy;
mod web;

use std::path::Path;
use std::process::ExitCode;

use project::Project;

const HELP: &str = "\
Usage: cargo xtask TASK

  demo [--no-serve | --port N]
                    Build the web page and the command line, print one answer on this machine's
                    graphics adapter, then serve the page on http://127.0.0.1:8088.
                    --no-serve stops after the answer.
  test [--quick]    Install what the tests need, then run everything: tidy, formatting, clippy,
                    unit, golden and GPU tests, half a minute of fuzzing, the web build, Vitest and the
                    browser tests. The last line says how many passed, failed and were skipped; with
                    CI=true a skipped test counts as a failure.
                    --quick runs tidy, formatting, clippy and `cargo test` only.
  bench [FILE] [--prompt N] [--decode N] [--runs N] [--peers]
                    Measure tokens per second and what a token costs; without a file, of the demo
                    model. --peers measures llama.cpp and rullama 0.5.0 on the same file too and
                    installs them into target/peers (some 160 MB and some minutes the first time).
  bench [FILE] --browser [--peers] [--software] [--wllama-model FILE]
                    The same in Chromium, with web/lib as it is; --peers measures wllama there, on
                    another file where that cannot load the model. --software takes SwiftShader.
  bench --kernels [REPORT]
                    Measure the kernels and write their table in docs/kernels.md; with a report, from
                    what `rullama check --speed --json` printed on another machine.
  web               Build the npm package into web/lib and the app into web/dist.
  serve [--port N]  Build the command line with web/dist as it is inside, and `rullama serve` it.
  tidy              Check the invariants of the source tree.
  golden [FOLDER]   Check tests/golden against its manifest. With the folder of the reference
                    data, copy it anew and write the manifest.
  help              Print this text.
";

const PORT: u16 = 8088;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&Project::find(), &words) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(project: &Project, words: &[&str]) -> Result<ExitCode, String> {
    match words {
        ["test"] => return test::run(project, test::Scope::Everything),
        ["test", "--quick"] => return test::run(project, test::Scope::Quick),
        ["demo", options @ ..] => demo::run(project, &demo::Options::parse(options)?)?,
        ["bench", options @ ..] => bench::run(project, options)?,
        ["web"] => {
            setup::ensure(project, web::NEEDS)?;
            web::build(project)?;
        }
        ["serve", options @ ..] => match demo::Options::parse(options)?.serve {
            Some(port) => serve::run(project, port)?,
            None => return Err("`cargo xtask serve` takes only `--port N`".into()),
        },
        ["tidy"] => tidy::run(project)?,
        ["golden"] => golden::check(project)?,
        ["golden", folder] => golden::copy(project, Path::new(folder))?,
        [] | ["help" | "--help" | "-h"] => print!("{HELP}"),
        _ => return Err(format!("`{}` is not a task with these options\n\n{HELP}", words.join(" "))),
    }
    Ok(ExitCode::SUCCESS)
}
