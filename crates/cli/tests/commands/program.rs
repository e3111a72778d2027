//! Running the program and looking at what it said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A run in the making: a small store-free world, so that nothing depends on who runs the tests.
pub(crate) struct Program {
    command: Command,
    input: Vec<u8>,
}

/// `rullama` with these arguments.
pub(crate) fn rullama<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rullama"));
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-home");
    command.args(arguments).env("HOME", &nowhere).env("USERPROFILE", &nowhere);
    // Mesa complains on standard error where this is not set.
    command.env("XDG_RUNTIME_DIR", env!("CARGO_TARGET_TMPDIR"));
    command.env_remove("OLLAMA_MODELS").env_remove("RULLAMA_TRACE_MEM").env_remove("XDG_CACHE_HOME");
    Program { command, input: Vec::new() }
}

impl Program {
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Program {
        self.command.env(key, value);
        self
    }

    /// Runs it in this folder.
    pub(crate) fn within(mut self, folder: &Path) -> Program {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn input(mut self, content: impl AsRef<[u8]>) -> Program {
        self.input = content.as_ref().to_vec();
        self
    }

    /// Starts it with all three streams in the caller's hands.
    pub(crate) fn start(self) -> Child {
        self.start_with(Stdio::piped())
    }

    /// The same with this standard input.
    pub(crate) fn start_with(mut self, input: Stdio) -> Child {
        self.command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }

    pub(crate) fn run(mut self) -> Ran {
        let input = std::mem::take(&mut self.input);
        let mut child = self.start();
        let mut stdin = child.stdin.take().unwrap();
        // To end before everything is read is the program's right.
        let _ = stdin.write_all(&input);
        drop(stdin);
        Ran::of(child)
    }
}

impl Ran {
    /// Waits for the end; streams that the caller has taken count as empty.
    pub(crate) fn of(child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}")),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts success with an empty standard error.
    #[track_caller]
    pub(crate) fn ok(self) -> Ran {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self
    }

    /// The result as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that it failed with this code, printed no result, and said each of these.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, says: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.err.starts_with("error: "), "{self:?}");
        for part in says {
            assert!(self.err.contains(part), "`{part}` is not in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{self:?}");
    }
}

/// A file of the goldens that are part of the repository.
pub(crate) fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(path)
}

/// A file of the larger collection, or a note that the test that needs it is skipped.
pub(crate) fn oracle(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("RULLAMA_ORACLE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracle"), PathBuf::from);
    let file = folder.join(path);
    if file.exists() {
        return Some(file);
    }
    let line = format!("skipped: no {path} in the oracle folder; RULLAMA_ORACLE names a folder that has it");
    println!("{line}");
    if let Some(list) = std::env::var_os("RULLAMA_SKIPS") {
        let mut list = std::fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(list, "{line}").unwrap();
    }
    None
}

/// An empty folder of this name, only for the calling test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A named pipe that nobody writes into.
#[cfg(unix)]
pub(crate) fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
