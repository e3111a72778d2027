//! What can go wrong between a source of bytes and an answer.

use serde_json::{Value, json};

/// Errors of this crate and those below it. [`Error::code`] and [`Error::details`] are for programs, the message is for
/// people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file's header is malformed.
    #[error(transparent)]
    Gguf(gguf::Error),
    /// The source of the bytes failed.
    #[error(transparent)]
    Read(gguf::ReadError),
    /// The file is no Gemma 4 model, or what was asked of it cannot be.
    #[error(transparent)]
    Model(gemma4::Error),
    /// The GPU refused or failed.
    #[error(transparent)]
    Gpu(#[from] gpu::Error),
    /// The vocabulary or a conversation cannot be used.
    #[error(transparent)]
    Prompt(#[from] prompt::Error),
    /// The file has no vocabulary.
    #[error("the file has no metadata key `{key}`; a file with a Gemma 4 vocabulary is needed")]
    NoVocabulary {
        /// The key that is missing.
        key: &'static str,
    },
    /// A prompt without tokens.
    #[error("the prompt has 0 tokens; at least 1 is needed, such as the token that starts every sequence")]
    EmptyPrompt,
    /// A tier that was asked for and cannot be.
    #[error(
        "the tier `{tier}` needs {feature}, which {adapter} does not have; choose `auto` or another tier"
    )]
    Tier {
        /// The tier's name.
        tier: &'static str,
        /// What is missing, in words.
        feature: &'static str,
        /// The adapter.
        adapter: String,
    },
    /// An option that cannot be.
    #[error("{what} of {value} is out of range: {allowed}")]
    Option {
        /// The option.
        what: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// The model computed something that is no number.
    #[error(
        "the model computed logits that are not finite at position {position}; the file may be damaged (compare its checksum), or this GPU's driver computes wrongly"
    )]
    NotFinite {
        /// Position of the token whose successor was to be chosen, from 0.
        position: u32,
    },
    /// A saved state that belongs to another model.
    #[error(
        "the saved state belongs to model {found}, this is model {expected}; load that model or start anew"
    )]
    OtherModel {
        /// The first bytes of the digest in the state, in hexadecimal.
        found: String,
        /// The same of this model.
        expected: String,
    },
    /// A saved state that is damaged, or made with other load options.
    #[error("the saved state does not fit: {problem}")]
    State {
        /// What differs, with both values.
        problem: String,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl From<gguf::Error> for Error {
    fn from(error: gguf::Error) -> Error {
        match error {
            gguf::Error::Read(error) => error.into(),
            error => Error::Gguf(error),
        }
    }
}

impl From<gguf::ReadError> for Error {
    fn from(error: gguf::ReadError) -> Error {
        match error.kind {
            gguf::ReadErrorKind::Cancelled => Error::Cancelled,
            _ => Error::Read(error),
        }
    }
}

/// Errors that `gemma4` only passes on are the same here as if they had come directly.
impl From<gemma4::Error> for Error {
    fn from(error: gemma4::Error) -> Error {
        match error {
            gemma4::Error::Gguf(error) => error.into(),
            gemma4::Error::Read(error) => error.into(),
            gemma4::Error::Gpu(error) => error.into(),
            gemma4::Error::State { problem } => Error::State { problem },
            gemma4::Error::Cancelled => Error::Cancelled,
            error => Error::Model(error),
        }
    }
}

impl Error {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Gguf(gguf::Error::Truncated { .. }) => "TRUNCATED_FILE",
            Error::Gguf(gguf::Error::UnsupportedType { .. }) => "UNSUPPORTED_TYPE",
            Error::Gguf(_) => "BAD_FILE",
            Error::Read(error) => match error.kind {
                gguf::ReadErrorKind::RangeNotSupported => "RANGE_NOT_SUPPORTED",
                gguf::ReadErrorKind::Network => "NETWORK",
                gguf::ReadErrorKind::PastEnd => "TRUNCATED_FILE",
                _ => "READ_FAILED",
            },
            Error::Model(error) => error.code(),
            Error::Gpu(error) => error.code(),
            Error::Prompt(_) => "BAD_PROMPT",
            Error::NoVocabulary { .. } => "NO_VOCABULARY",
            Error::EmptyPrompt => "EMPTY_PROMPT",
            Error::Option { .. } => "BAD_OPTION",
            Error::Tier { .. } => "MISSING_FEATURE",
            Error::NotFinite { .. } => "NOT_FINITE",
            Error::OtherModel { .. } => "OTHER_MODEL",
            Error::State { .. } => "BAD_STATE",
            Error::Cancelled => "CANCELLED",
        }
    }

    /// The numbers and names of the message as a JSON object; empty where the message says all.
    pub fn details(&self) -> Value {
        match self {
            Error::Gguf(gguf::Error::Truncated { what, bytes, offset, file_size }) => {
                json!({ "what": what, "bytes": bytes, "offset": offset, "file_size": file_size })
            }
            Error::Gpu(gpu::Error::OutOfMemory { name, account, requested, in_use, budget }) => json!({
                "buffer": name, "account": account.name(), "requested": requested, "in_use": in_use, "budget": budget,
            }),
            Error::Gpu(gpu::Error::DriverOutOfMemory { name, account, requested, in_use }) => json!({
                "buffer": name, "account": account.name(), "requested": requested, "in_use": in_use,
            }),
            Error::Model(error) => model_details(error),
            Error::NoVocabulary { key } => json!({ "key": key }),
            Error::Option { what, value, allowed } => {
                json!({ "what": what, "value": value, "allowed": allowed })
            }
            Error::Tier { tier, feature, adapter } => {
                json!({ "tier": tier, "feature": feature, "adapter": adapter })
            }
            Error::NotFinite { position } => json!({ "position": position }),
            Error::OtherModel { found, expected } => json!({ "found": found, "expected": expected }),
            _ => json!({}),
        }
    }
}

fn model_details(error: &gemma4::Error) -> Value {
    use gemma4::Error as E;
    match error {
        E::Architecture { found } | E::Kind { found } => json!({ "found": found }),
        E::Split { part, parts } => json!({ "part": part, "parts": parts }),
        E::MissingKey { key } | E::BadKey { key, .. } => json!({ "key": key }),
        E::MissingTensor { name, expected } => json!({ "tensor": name, "expected": expected }),
        E::Embeddings { found, .. } => json!({ "tensor": "token_embd.weight", "found": found }),
        E::Shape { name, expected, found } => json!({ "tensor": name, "expected": expected, "found": found }),
        E::UnsupportedType { name, kind } => json!({ "tensor": name, "type": kind.to_string() }),
        E::BindingTooSmall { name, bytes, max, .. } => json!({ "buffer": name, "bytes": bytes, "max": max }),
        E::OverBudget { needed, budget, context, .. } => {
            json!({ "needed": needed, "budget": budget, "context": context })
        }
        E::Option { what, value, allowed } => json!({ "what": what, "value": value, "allowed": allowed }),
        E::Token { id, vocabulary } => json!({ "id": id, "vocabulary": vocabulary }),
        E::ContextFull { needed, context } => json!({ "needed": needed, "context": context }),
        _ => json!({}),
    }
}
