//! `rullama completions SHELL`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::check;
use crate::failure::Failure;
use crate::terminal::print;

/// Print the completions of a shell: bash, elvish, fish, powershell or zsh
///
/// For bash: rullama completions bash > ~/.local/share/bash-completion/completions/rullama
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<(), Failure> {
        // Only here, since the list of kernels is made out of all their cases.
        let kernels = PossibleValuesParser::new(check::kernels(&check::all()));
        let mut definition = crate::definition()
            .mut_subcommand("check", |check| check.mut_arg("kernel", |arg| arg.value_parser(kernels)));
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition, "rullama", &mut script);
        print(&String::from_utf8(script).expect("completions are text"))
    }
}
