//! The `rullama` command: Gemma 4 on your own GPU.
//!
//! Results go to standard output and nothing else does; progress, thoughts and errors go to standard error.
//! This crate has the files, the terminal and the clock; what the model does is in `engine`.

mod answer;
mod byte_size;
mod commands;
mod conversation;
mod digest;
mod disk;
mod failure;
mod fitting;
mod generation_options;
mod input;
mod interrupt;
mod lines;
mod model_name;
mod opening;
mod options;
mod output;
mod question;
mod serve;
mod source;
mod store;
mod terminal;
mod tiers;
mod usage;
mod webgpu_limits;
mod whole_number;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::commands::Command;
use crate::failure::Failure;
use crate::terminal::{Chatter, note, visible_lines};

const AFTER_HELP: &str = "\
MODEL is the path of a GGUF file, or the name of a model that Ollama has downloaded, such as
gemma4:e2b, or demo, a very small model that is part of this program; a file called demo is ./demo.
Names are looked up in the folder that OLLAMA_MODELS names, in ~/.ollama/models and in the folders of
a system service.

Results go to standard output, everything else to standard error. With --json an error is one line
of JSON there, {\"code\", \"message\", \"remedy\"}.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no graphics adapter, 130 interrupted by Ctrl-C,
143 a server that SIGTERM ended.

Environment:
  OLLAMA_MODELS        the folder of the Ollama store that is looked into first
  RULLAMA_TRACE_MEM=1  logs every change of GPU memory of 1 MiB and more
";

/// Gemma 4 on your own GPU.
#[derive(Parser, Debug)]
#[command(name = "rullama", version, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    /// No progress bars, and no prompt before the lines of a chat
    #[arg(long, short, global = true)]
    quiet: bool,
}

fn main() -> ExitCode {
    let line = match command_line() {
        Ok(line) => line,
        Err(code) => return code,
    };
    trace_memory();
    let json = line.command.json();
    let chatter = if line.quiet { Chatter::Quiet } else { Chatter::Normal };
    match pollster::block_on(line.command.run(chatter)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, json);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The command line; none if it makes no sense or asks for help, which is said then.
fn command_line() -> Result<CommandLine, ExitCode> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let parsed = negative_numbers(definition())
        .try_get_matches_from(&arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let error = usage::explained(error, &arguments);
        match usage::as_json(&error, &arguments) {
            Some(line) => note(&format!("{line}\n")),
            // A reader that has gone is nobody's loss.
            None => drop(error.print()),
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE))
    })
}

/// Lets every option have a negative number, so that one that is out of range is called that and not an unknown option.
fn negative_numbers(command: clap::Command) -> clap::Command {
    let with_values = |arg: clap::Arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    };
    command.mut_args(with_values).mut_subcommands(negative_numbers)
}

/// The whole definition of the command line, for shell completions.
fn definition() -> clap::Command {
    CommandLine::command()
}

fn report(failure: &Failure, json: bool) {
    let (message, remedy) = (failure.to_string(), failure.remedy());
    if failure.exit_code() == 0 {
        return;
    }
    if json {
        let error = serde_json::json!({ "code": failure.code(), "message": message, "remedy": remedy });
        note(&format!("{error}\n"));
        return;
    }
    note(&visible_lines(&format!("error: {message}\n")));
    if let Some(remedy) = remedy {
        note(&visible_lines(&format!("remedy: {remedy}\n")));
    }
}

/// Shows the ledger's events where they are asked for. This changes what is said, never what is computed.
fn trace_memory() {
    use tracing_subscriber::filter::LevelFilter;

    if std::env::var_os("RULLAMA_TRACE_MEM").is_some_and(|value| value == "1") {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(LevelFilter::DEBUG)
            .with_ansi(false)
            .init();
    }
}
