//! What can go wrong with a model.

use gguf::Type;

/// Errors of this crate; [`Error::code`] is the stable name that crosses the worker boundary.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's header or metadata is malformed.
    #[error(transparent)]
    Gguf(#[from] gguf::Error),
    /// The model's bytes could not be read.
    #[error(transparent)]
    Read(#[from] gguf::ReadError),
    /// The GPU refused or failed.
    #[error(transparent)]
    Gpu(#[from] gpu::Error),
    /// The file holds another kind of model.
    #[error("the file's architecture is `{found}`; this engine runs `gemma4`")]
    Architecture {
        /// `general.architecture` of the file, or a note that it has none.
        found: String,
    },
    /// The file holds something that goes beside a model.
    #[error(
        "the file is a GGUF file of type `{found}`, which goes beside a model and is none; give the model's own file"
    )]
    Kind {
        /// `general.type` of the file.
        found: String,
    },
    /// The file is one of several that a model was split into.
    #[error(
        "the file is part {part} of {parts} of a model; join them with llama.cpp's `llama-gguf-split --merge FIRST_PART WHOLE`"
    )]
    Split {
        /// Which part, from 1.
        part: u32,
        /// How many there are.
        parts: u32,
    },
    /// A metadata key that the configuration needs is not there.
    #[error(
        "the file has no metadata key `{key}`, which a Gemma 4 model needs; it may be incomplete or of another model"
    )]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A metadata value that no Gemma 4 model can have.
    #[error("metadata key `{key}`: {problem}")]
    BadKey {
        /// The key.
        key: String,
        /// What is wrong, with the numbers.
        problem: String,
    },
    /// A tensor that the configuration needs is not there.
    #[error(
        "the file has no tensor `{name}` (expected shape {expected:?}); it may be incomplete or of another model"
    )]
    MissingTensor {
        /// The tensor.
        name: String,
        /// Its shape by the configuration, [out, in].
        expected: Vec<u64>,
    },
    /// No token embeddings: the file holds no model.
    #[error("the file has no tensor `token_embd.weight`: it holds a vocabulary only, or is incomplete")]
    NoWeights,
    /// A tensor's shape does not follow from the configuration.
    #[error(
        "tensor `{name}` has shape {found:?}; the file's metadata asks for {expected:?}; it may be damaged: download or convert it again"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape by the configuration.
        expected: Vec<u64>,
        /// Its shape in the file.
        found: Vec<u64>,
    },
    /// The embedding table does not have a row for each token.
    #[error("tensor `token_embd.weight` has shape {found:?}; {needed} is needed; the file may be damaged")]
    Embeddings {
        /// Its shape in the file.
        found: Vec<u64>,
        /// What it has to be, with the numbers.
        needed: String,
    },
    /// An angle of the rotation cannot be divided by it.
    #[error(
        "tensor `rope_freqs.weight`: value {index} is {value}, which is not above 0; the file may be damaged"
    )]
    RopeFactor {
        /// Its place in the tensor.
        index: usize,
        /// What is there.
        value: f32,
    },
    /// A tensor's type has no kernels.
    #[error(
        "tensor `{name}` is of type {kind}, which is not supported; use a file of the same model in other types, such as Q4_K_M or Q8_0: supported are {}",
        supported()
    )]
    UnsupportedType {
        /// The tensor.
        name: String,
        /// Its type in the file.
        kind: Type,
    },
    /// One granule of a tensor is larger than the adapter can bind.
    #[error("`{name}` needs {bytes} bytes in one binding; this adapter binds at most {max}. {remedy}")]
    BindingTooSmall {
        /// The buffer.
        name: String,
        /// Bytes needed.
        bytes: u64,
        /// Most bytes of one binding.
        max: u64,
        /// What to change.
        remedy: &'static str,
    },
    /// The plan does not fit the memory budget.
    #[error(
        "the model needs {needed} bytes of GPU memory with a context of {context} tokens; the budget is {budget} bytes. \
             Free memory, raise the budget or ask for a smaller context"
    )]
    OverBudget {
        /// Bytes of the plan.
        needed: u64,
        /// Bytes allowed.
        budget: u64,
        /// The context asked for.
        context: u32,
        /// Tokens of a prompt processed at once.
        chunk: u32,
    },
    /// A result is larger than the memory of this process, not the GPU's.
    #[error("{what} take {bytes} bytes, more than this process can hold; {remedy}")]
    HostMemory {
        /// The result.
        what: String,
        /// Bytes it would have.
        bytes: u64,
        /// What to change.
        remedy: &'static str,
    },
    /// An option that cannot be.
    #[error("{what} of {value} is out of range: {allowed}")]
    Option {
        /// The option.
        what: &'static str,
        /// The value given.
        value: u64,
        /// What is allowed.
        allowed: String,
    },
    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocabulary}")]
    Token {
        /// The id.
        id: u32,
        /// Ids run from 0 to one below this.
        vocabulary: u32,
    },
    /// The sequence is longer than the context that was planned.
    #[error(
        "{needed} tokens do not fit the context of {context}; start a new conversation or load with a larger context"
    )]
    ContextFull {
        /// Tokens the sequence would have.
        needed: u64,
        /// Tokens planned for.
        context: u32,
    },
    /// A saved state that does not belong to this model and context.
    #[error("the saved state does not fit: {problem}")]
    State {
        /// What differs, with both values.
        problem: String,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

fn supported() -> String {
    Type::SUPPORTED.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Gguf(_) => "BAD_FILE",
            Error::Read(_) => "READ_FAILED",
            Error::Gpu(error) => error.code(),
            Error::Architecture { .. } | Error::Kind { .. } | Error::Split { .. } => "UNSUPPORTED_MODEL",
            Error::MissingKey { .. } | Error::BadKey { .. } => "BAD_METADATA",
            Error::MissingTensor { .. } | Error::NoWeights => "MISSING_TENSOR",
            Error::Shape { .. } | Error::Embeddings { .. } | Error::RopeFactor { .. } => "BAD_TENSOR",
            Error::UnsupportedType { .. } => "UNSUPPORTED_TYPE",
            Error::BindingTooSmall { .. } => "BINDING_TOO_SMALL",
            Error::OverBudget { .. } => "OVER_BUDGET",
            Error::HostMemory { .. } => "OUT_OF_MEMORY",
            Error::Option { .. } => "BAD_OPTION",
            Error::Token { .. } => "BAD_TOKEN",
            Error::ContextFull { .. } => "CONTEXT_FULL",
            Error::State { .. } => "BAD_STATE",
            Error::Cancelled => "CANCELLED",
        }
    }
}
