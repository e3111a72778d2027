//! Where the checkout is, and how its commands are started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout that `cargo xtask` was started in.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Cargo names this crate's folder at run time, so a checkout that was moved after the build still works.
    pub(crate) fn find() -> Project {
        let crate_folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&crate_folder).parent().expect("the xtask crate lies inside the checkout");
        Project { root: root.to_path_buf() }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A command that starts in the checkout, without the variables that Cargo set for this crate:
    /// they would make build scripts of other crates run again.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name.as_ref());
            }
        }
        command
    }

    /// The Cargo that started this task, with `arguments` split at spaces.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.args(arguments.split(' '));
        command
    }

    /// Workspace packages and the build folder, as `cargo metadata` prints them.
    pub(crate) fn metadata(&self) -> Result<serde_json::Value, String> {
        let text = capture(&mut self.cargo("metadata --no-deps --format-version 1"))?;
        serde_json::from_str(&text).map_err(|error| format!("`cargo metadata` printed no JSON: {error}"))
    }

    /// Cargo's build folder, which `CARGO_TARGET_DIR` may have moved out of the checkout.
    pub(crate) fn target_folder(&self) -> Result<PathBuf, String> {
        let metadata = self.metadata()?;
        let folder =
            metadata["target_directory"].as_str().ok_or("`cargo metadata` names no target folder")?;
        Ok(PathBuf::from(folder))
    }

    /// A file of the checkout as text.
    pub(crate) fn read(&self, relative: &str) -> Result<String, String> {
        std::fs::read_to_string(self.path(relative)).map_err(|error| format!("{relative}: {error}"))
    }
}

/// Runs `command` with its output shown; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

/// Runs `command` and returns its standard output; anything but exit code 0 is an error.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{}` ended with {}: {}", shown(command), output.status, errors.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as a person would type it, with the folders before the program's name left out.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let quoted = |word: &OsStr| match word.to_string_lossy() {
        word if word.contains([' ', '"', '!', '?', '*']) => format!("'{word}'"),
        word => word.into_owned(),
    };
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// The folder of `PATH` that holds `program`, joined with its name.
pub(crate) fn find_program(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
