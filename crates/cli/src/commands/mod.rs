//! The commands, each in a file of its name with its options.

mod bench;
mod chat;
mod check;
mod completions;
mod eval;
mod inspect;
mod kernel_speed;
mod logits;
mod plan;
mod render;
mod run;
mod serve;
mod tokenize;

use clap::Subcommand;

use crate::failure::Failure;
use crate::terminal::Chatter;

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Run(Box<run::Run>),
    Chat(Box<chat::Chat>),
    Serve(serve::Serve),
    Inspect(inspect::Inspect),
    Plan(plan::PlanCommand),
    Tokenize(tokenize::Tokenize),
    Render(render::Render),
    Logits(logits::Logits),
    Eval(eval::Eval),
    Bench(bench::Bench),
    Check(check::Check),
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub(crate) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        match self {
            Command::Run(command) => command.run(chatter).await,
            Command::Chat(command) => command.run(chatter).await,
            Command::Serve(command) => command.run(),
            Command::Inspect(command) => command.run(chatter).await,
            Command::Plan(command) => command.run(chatter).await,
            Command::Tokenize(command) => command.run(chatter).await,
            Command::Render(command) => command.run(chatter).await,
            Command::Logits(command) => command.run(chatter).await,
            Command::Eval(command) => command.run(chatter).await,
            Command::Bench(command) => command.run(chatter).await,
            Command::Check(command) => command.run().await,
            Command::Completions(command) => command.run(),
        }
    }

    /// Whether a program reads what is printed.
    pub(crate) fn json(&self) -> bool {
        match self {
            Command::Run(command) => command.json,
            Command::Inspect(command) => command.json,
            Command::Plan(command) => command.json,
            Command::Tokenize(command) => command.json,
            Command::Render(command) => command.json,
            Command::Logits(command) => command.json,
            Command::Eval(command) => command.json,
            Command::Bench(command) => command.json,
            Command::Check(command) => command.json,
            Command::Chat(_) | Command::Serve(_) | Command::Completions(_) => false,
        }
    }
}
