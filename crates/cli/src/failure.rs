//! Everything that ends the program early: a message, a remedy, a stable code and an exit code.

use std::io;
use std::path::PathBuf;

use engine::gemma4::Error as ModelError;

use crate::digest::Digest;
use crate::terminal::shown;

/// Exit code when the work could not be done.
const FAILED: u8 = 1;
/// Exit code when the command line makes no sense; the same as the parser's own.
pub(crate) const USAGE: u8 = 2;
/// No graphics adapter: scripts that can do without one tell it from a failure.
const NO_ADAPTER: u8 = 3;
/// Exit code after Ctrl-C: 128 and the number of the signal, as shells count.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file exists but cannot be opened or read.
    #[error("cannot be read: {} ({error})", shown(path))]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file cannot be written; it is as it was.
    #[error("writing {}: {error}", shown(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A folder or device where a file is needed.
    #[error("{}: is not a file", shown(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A path that leads nowhere.
    #[error("there is no file `{}`", shown(path))]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// No store has a model of this name.
    #[error(
        "there is no file and no Ollama model `{name}`; searched {}; models found: {}",
        searched.iter().map(|folder| shown(folder)).collect::<Vec<_>>().join(", "),
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
    #[error("{}: the manifest cannot be used: {problem}", shown(path))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The model.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The store has a manifest, but not the file.
    #[error("the store lists `{name}`, but its file {} is not there", shown(path))]
    NoBlob {
        /// The file.
        path: PathBuf,
        /// The model.
        name: String,
    },
    /// The file has another length than the manifest says.
    #[error("{}: has {found} bytes, the manifest of `{name}` says {expected}", shown(path))]
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
    #[error("{}: its digest is {found}, expected {expected}", shown(path))]
    WrongDigest {
        /// The file.
        path: PathBuf,
        /// By the manifest or the file's name.
        expected: Digest,
        /// By its bytes.
        found: Digest,
    },
    /// `--verify` with a file whose digest nobody states.
    #[error("{}: no digest is known for this file", shown(path))]
    NothingToVerify {
        /// The file.
        path: PathBuf,
    },
    /// The model's file cannot be used.
    #[error("{}: {error}", shown(path))]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: engine::Error,
    },
    /// The plan does not fit the memory budget.
    #[error(
        "the model needs {needed} bytes of GPU memory with a context of {context} tokens and chunks of {chunk}; the budget is {budget} bytes"
    )]
    OverBudget {
        /// Bytes of the plan.
        needed: u64,
        /// Bytes allowed.
        budget: u64,
        /// The context.
        context: u32,
        /// Tokens of a prompt processed at once: those asked for, else the fewest that are tried.
        chunk: u32,
        /// Which options make it fit.
        remedy: String,
    },
    /// A sequence that the context does not hold.
    #[error("{needed} tokens do not fit the context of {context}")]
    TooLong {
        /// Tokens of the sequence.
        needed: u64,
        /// Tokens of the context.
        context: u32,
        /// Tokens of the longest context that the model has.
        context_max: u32,
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
    /// Kernels that are right as far as they could run: some cases had too little memory.
    #[error("{unfit} of {cases} kernel cases did not fit the memory allowed on {adapter}")]
    Unfit {
        /// Cases that did not fit.
        unfit: usize,
        /// Cases of the kernels.
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
            Failure::OverBudget { .. } => "OVER_BUDGET",
            Failure::TooLong { .. } => "CONTEXT_FULL",
            Failure::Input { .. } => "BAD_INPUT",
            Failure::Usage(_) => "USAGE",
            Failure::Check { .. } => "CHECK_FAILED",
            Failure::Unfit { .. } => "OUT_OF_MEMORY",
            Failure::Interrupted => "CANCELLED",
            Failure::Output(_) | Failure::Write { .. } => "OUTPUT_FAILED",
        }
    }

    /// What to do about it, where the message does not say so already.
    pub(crate) fn remedy(&self) -> Option<String> {
        let pull = |name: &str| format!("fetch it again with `ollama pull {name}`");
        Some(match self {
            Failure::Open { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "it belongs to another user: add yourself to its group (often `ollama`), or copy it"
                    .to_owned()
            }
            // Other than one that is not there it may be the right one.
            Failure::Open { error, .. } if !is_absent(error) => {
                "check the path: its folders, and where its links lead".to_owned()
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
            Failure::Unfit { .. } => {
                "give a larger --budget or none, or close other programs that use the GPU".to_owned()
            }
            Failure::OverBudget { remedy, .. } => remedy.clone(),
            &Failure::TooLong { needed, context, context_max } => longer(needed, context, context_max),
            Failure::Model { error, .. } | Failure::Engine(error) => return remedy_of(error),
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

/// Whether nothing has this path. Every other error leaves open what is there.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    // Below a file there is nothing, and what no file can be called, such as the name of a model on Windows, is none.
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

/// Tells a sequence that the context does not hold from other errors: what helps depends on the longest one that the model has.
pub(crate) fn in_context(context_max: u32) -> impl Fn(engine::Error) -> Failure {
    move |error| match error {
        engine::Error::Model(ModelError::ContextFull { needed, context }) => {
            Failure::TooLong { needed, context, context_max }
        }
        error => Failure::Engine(error),
    }
}

fn longer(needed: u64, context: u32, context_max: u32) -> String {
    match context < context_max && needed <= u64::from(context_max) {
        true => format!("give a larger --context, this model has up to {context_max}, or fewer tokens"),
        false => format!("shorten the prompt; this model's longest context is {context_max}"),
    }
}

/// Which of this program's options help, for errors that the libraries report without knowing options.
fn remedy_of(error: &engine::Error) -> Option<String> {
    let text = match error.code() {
        "BAD_OPTION" => return remedy_of_option(error),
        "OVER_BUDGET" | "OUT_OF_MEMORY" => match error {
            // Not the GPU's memory: the message says what helps.
            engine::Error::Model(_) if error.code() == "OUT_OF_MEMORY" => return None,
            _ => {
                "try --kv q8, --per-layer-table streamed, a smaller --chunk or --context, or a larger --budget; \
                 `rullama plan` without --budget lists every buffer"
            }
        },
        "BINDING_TOO_SMALL" => "try a smaller --context or --chunk, or another --adapter",
        "NO_ADAPTER" => "`inspect`, `plan`, `tokenize` and `render` need no adapter",
        "UNSUPPORTED_TYPE" => {
            "`rullama inspect` lists the types of all tensors; fetch another quantisation of the model"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What the engine calls options, and what they are called here.
fn remedy_of_option(error: &engine::Error) -> Option<String> {
    let engine::Error::Model(ModelError::Option { what, allowed, .. }) = error else { return None };
    let option = match *what {
        "a context" => "--context",
        "a chunk" => "--chunk",
        "the width of a head for this type of KV cache" => {
            return Some("give --kv f16 or --kv f32".to_owned());
        }
        _ => return None,
    };
    Some(format!("with this model {option} can be {allowed}; without it a length that fits is taken"))
}
