//! Everything that ends the program early: a message, a remedy, a stable code and an exit code.

use std::io;
use std::path::PathBuf;

use crate::digest::Digest;

/// Exit code when the work could not be done.
const FAILED: u8 = 1;
/// Exit code when the command line makes no sense; the same as the parser's own.
const USAGE: u8 = 2;
/// No graphics adapter: scripts that can do without one tell it from a failure.
const NO_ADAPTER: u8 = 3;
/// Exit code after Ctrl-C: 128 and the number of the signal, as shells count.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file exists but cannot be opened or read.
    #[error("{}: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A folder or device where a file is needed.
    #[error("{}: is not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A path that leads nowhere.
    #[error("there is no file `{}`", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// No store has a model of this name.
    #[error(
        "there is no file and no Ollama model `{name}`; searched {}; models found: {}",
        searched.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
        if available.is_empty() { "none".to_owned() } else { available.join(", ") }
    )]
    NoModel {
        /// The name, complete.
        name: String,
        /// The folders that were looked into.
        searched: Vec<PathBuf>,
        /// The models that are there.
        available: Vec<String>,
    },
    /// A manifest of the store cannot be used.
    #[error("{}: the manifest cannot be used: {problem}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The model.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The store has a manifest, but not the file.
    #[error("the store lists `{name}`, but its file {} is not there", path.display())]
    NoBlob {
        /// The file.
        path: PathBuf,
        /// The model.
        name: String,
    },
    /// The file has another length than the manifest says.
    #[error("{}: has {found} bytes, the manifest of `{name}` says {expected}", path.display())]
    BlobSize {
        /// The file.
        path: PathBuf,
        /// The model.
        name: String,
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// The file's bytes are not those that were published.
    #[error("{}: its digest is {found}, expected {expected}", path.display())]
    WrongDigest {
        /// The file.
        path: PathBuf,
        /// By the manifest or the file's name.
        expected: Digest,
        /// By its bytes.
        found: Digest,
    },
    /// `--verify` with a file whose digest nobody states.
    #[error("{}: no digest is known for this file", path.display())]
    NothingToVerify {
        /// The file.
        path: PathBuf,
    },
    /// The model's file cannot be used.
    #[error("{}: {error}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: engine::Error,
    },
    /// The engine or the GPU failed, not through the file.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// An input file other than the model.
    #[error("{name}: {problem}")]
    Input {
        /// The file, or `standard input`.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// Kernels that compute something else than their references.
    #[error("{failed} of {cases} kernel cases failed on {adapter}")]
    Check {
        /// Cases that failed.
        failed: usize,
        /// Cases that were run.
        cases: usize,
        /// The adapter.
        adapter: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The results cannot be written.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// A stable name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Failure::Open { .. } => "OPEN_FAILED",
            Failure::NotAFile { .. } | Failure::NoFile { .. } => "NO_FILE",
            Failure::NoModel { .. } => "NO_MODEL",
            Failure::Manifest { .. } => "BAD_MANIFEST",
            Failure::NoBlob { .. } | Failure::BlobSize { .. } => "INCOMPLETE_MODEL",
            Failure::WrongDigest { .. } => "WRONG_DIGEST",
            Failure::NothingToVerify { .. } => "NO_DIGEST",
            Failure::Model { error, .. } | Failure::Engine(error) => error.code(),
            Failure::Input { .. } => "BAD_INPUT",
            Failure::Usage(_) => "USAGE",
            Failure::Check { .. } => "CHECK_FAILED",
            Failure::Interrupted => "CANCELLED",
            Failure::Output(_) => "OUTPUT_FAILED",
        }
    }

    /// What to do about it, where the message does not say so already.
    pub(crate) fn remedy(&self) -> Option<String> {
        let pull = |name: &str| format!("fetch it again with `ollama pull {name}`");
        Some(match self {
            Failure::Open { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "the file belongs to another user: add yourself to its group (often `ollama`), or copy it"
                    .to_owned()
            }
            Failure::NotAFile { .. } => "name the GGUF file itself".to_owned(),
            Failure::NoFile { .. } => {
                "check the path, or name an Ollama model such as `gemma4:e2b`".to_owned()
            }
            Failure::NoModel { name, .. } => {
                format!("fetch it with `ollama pull {name}`, or set OLLAMA_MODELS to the folder that has it")
            }
            Failure::Manifest { name, .. }
            | Failure::NoBlob { name, .. }
            | Failure::BlobSize { name, .. } => pull(name),
            Failure::WrongDigest { .. } => "the file is damaged; delete it and fetch it again".to_owned(),
            Failure::NothingToVerify { .. } => {
                "leave out --verify, or name a model of the Ollama store".to_owned()
            }
            Failure::Usage(_) => "see --help".to_owned(),
            Failure::Check { .. } => {
                "update the graphics driver, and report the table with the adapter's name".to_owned()
            }
            Failure::Model { error, .. } | Failure::Engine(error) => return remedy_of(error.code()),
            _ => return None,
        })
    }

    /// What the process exits with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::NothingToVerify { .. } => USAGE,
            _ if self.code() == "BAD_OPTION" => USAGE,
            _ if self.code() == "CANCELLED" => INTERRUPTED,
            _ if self.code() == "NO_ADAPTER" => NO_ADAPTER,
            // A reader such as `head` that has seen enough is no failure.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            _ => FAILED,
        }
    }
}

/// Which of this program's options help, for errors that the libraries report without knowing options.
fn remedy_of(code: &str) -> Option<String> {
    let text = match code {
        "OVER_BUDGET" | "OUT_OF_MEMORY" => {
            "try a smaller --context, or a larger --budget; `rullama plan` lists every buffer"
        }
        "BINDING_TOO_SMALL" => "try a smaller --context or --chunk, or another --adapter",
        "NO_ADAPTER" => "`inspect`, `plan`, `tokenize` and `render` need no adapter",
        "UNSUPPORTED_TYPE" => {
            "`rullama inspect` lists the types of all tensors; fetch another quantisation of the model"
        }
        "CONTEXT_FULL" => "give a larger --context",
        _ => return None,
    };
    Some(text.to_owned())
}
