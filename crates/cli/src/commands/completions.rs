//! `rullama completions SHELL`.

use clap::Args;
use clap_complete::Shell;

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
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::definition(), "rullama", &mut script);
        print(&String::from_utf8(script).expect("completions are text"))
    }
}
