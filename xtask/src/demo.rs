//! `cargo xtask demo`: one answer on this machine's adapter, then the page in a browser.

use std::path::Path;

use crate::project::{self, Project};
use crate::{serve, setup, web};

/// What the demo was asked to do.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    /// The port to serve the page on; none stops after the answer.
    pub(crate) serve: Option<u16>,
}

impl Options {
    /// Reads `--no-serve` and `--port N`.
    pub(crate) fn parse(words: &[&str]) -> Result<Options, String> {
        match words {
            [] => Ok(Options { serve: Some(crate::PORT) }),
            ["--no-serve"] => Ok(Options { serve: None }),
            ["--port", port] => match port.parse::<u16>() {
                Ok(port) if port > 0 => Ok(Options { serve: Some(port) }),
                _ => Err(format!("`--port {port}`: a port is a number from 1 to 65535")),
            },
            _ => Err(format!("`{}`: the options are `--no-serve` and `--port N`", words.join(" "))),
        }
    }
}

/// The exit code of the command line on a machine without a usable adapter; the page may still find one.
const NO_ADAPTER: i32 = 3;

const PROMPT: &str = "Hello! Who are you?";

/// Builds, answers once, and serves the page until it is stopped.
pub(crate) fn run(project: &Project, options: &Options) -> Result<(), String> {
    setup::ensure(project, web::NEEDS)?;
    web::build(project)?;
    answer(project, &serve::build(project)?)?;
    match options.serve {
        Some(port) => serve::run(project, port),
        None => Ok(()),
    }
}

fn answer(project: &Project, program: &Path) -> Result<(), String> {
    let mut command = project.command(program);
    command.args(["run", "demo", PROMPT]);
    let shown = project::shown(&command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    println!();
    match status.code() {
        Some(0) => Ok(()),
        Some(NO_ADAPTER) => {
            println!("There is no native adapter here, so no native answer; the page uses the browser's.");
            Ok(())
        }
        _ => Err(format!("`{shown}` ended with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        assert_eq!(Options::parse(&[]), Ok(Options { serve: Some(8088) }));
        assert_eq!(Options::parse(&["--no-serve"]), Ok(Options { serve: None }));
        assert_eq!(Options::parse(&["--port", "9000"]), Ok(Options { serve: Some(9000) }));
        assert!(Options::parse(&["--port", "0"]).is_err());
        assert!(Options::parse(&["--fast"]).is_err());
    }
}
