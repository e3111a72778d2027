//! What can go wrong between the program and the GPU.

use thiserror::Error as ThisError;

use crate::Account;

/// An error of this crate. [`Error::code`] is stable and meant for programs, the message for people.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The browser does not offer WebGPU at all.
    #[error(
        "this browser offers no WebGPU; use a current Chrome, Edge, Safari or Firefox and open the page over https or from localhost"
    )]
    NoWebGpu,

    /// No adapter was found.
    #[error("no GPU adapter was found{}; {remedy}", asked(*attempts, *tried_seconds))]
    NoAdapter {
        /// How often the question was put.
        attempts: u32,
        /// Seconds between the first and the last attempt.
        tried_seconds: u64,
        /// What a person can do.
        remedy: &'static str,
    },

    /// No adapter's name or backend contains the text asked for.
    #[error("no GPU adapter has `{wanted}` in its name or backend; there are: {available}")]
    NoAdapterNamed {
        /// The text asked for.
        wanted: String,
        /// Names and backends of the adapters that exist.
        available: String,
    },

    /// No profile has this name.
    #[error("there is no device profile `{wanted}`; there are: {available}")]
    UnknownProfile {
        /// The name asked for.
        wanted: String,
        /// The names that exist.
        available: String,
    },

    /// The adapter exists but gives no device.
    #[error(
        "the adapter {adapter} gave no device: {message}; close other programs that use the GPU, or choose another adapter"
    )]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// What the driver or browser said.
        message: String,
    },

    /// A buffer would pass the memory budget.
    #[error(
        "buffer `{name}` ({account}) needs {requested} bytes, {in_use} of the budget of {budget} are in use; raise the budget, shorten the context or choose a smaller model"
    )]
    OutOfMemory {
        /// The buffer.
        name: String,
        /// What it was for.
        account: Account,
        /// Bytes asked for.
        requested: u64,
        /// Bytes charged before the request.
        in_use: u64,
        /// Bytes that may be charged.
        budget: u64,
    },

    /// The driver or browser had no memory although the budget allowed it.
    #[error(
        "the GPU has no memory for buffer `{name}` ({account}) of {requested} bytes, {in_use} bytes are in use; close other programs that use the GPU, shorten the context or choose a smaller model"
    )]
    DriverOutOfMemory {
        /// The buffer; the latest one, when the driver reports late.
        name: String,
        /// What it was for.
        account: Account,
        /// Bytes asked for.
        requested: u64,
        /// Bytes charged, without the buffer.
        in_use: u64,
    },

    /// A buffer is larger than this device allows.
    #[error(
        "buffer `{name}` needs {bytes} bytes, this device allows {max} in one buffer; it has to be split"
    )]
    BufferTooLarge {
        /// The buffer.
        name: String,
        /// Bytes asked for.
        bytes: u64,
        /// Bytes that one buffer may have.
        max: u64,
    },

    /// The device is gone, and everything on it.
    #[error("the GPU device was lost: {reason}; load the model again")]
    DeviceLost {
        /// What the driver or browser said.
        reason: String,
    },

    /// A shader was not accepted.
    #[error("shader `{name}` was not accepted: {message}{excerpt}")]
    Shader {
        /// The shader.
        name: String,
        /// What the compiler said.
        message: String,
        /// The lines around the place, each numbered and after a line break; empty when the compiler names no place.
        excerpt: String,
    },

    /// A shader needs a feature that this device does not have.
    #[error("shader `{name}` needs {feature}, which this device does not have; choose another kernel tier")]
    MissingFeature {
        /// The shader.
        name: String,
        /// The feature.
        feature: &'static str,
    },

    /// Commands were not accepted. This is an error in the program, not in its input.
    #[error("the GPU refused a command: {message}; please report this")]
    Validation {
        /// What the driver or browser said.
        message: String,
    },

    /// The driver or browser failed in its own way.
    #[error("the GPU driver failed: {message}; update the driver or choose another adapter")]
    Internal {
        /// What the driver or browser said.
        message: String,
    },

    /// A result could not be brought back from the GPU.
    #[error("reading {bytes} bytes from `{name}` failed: {message}")]
    Readback {
        /// The buffer.
        name: String,
        /// Bytes asked for.
        bytes: u64,
        /// What the driver or browser said.
        message: String,
    },
}

impl Error {
    /// A stable word for programs; both ways of running out of memory have the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::NoWebGpu => "NO_WEBGPU",
            Error::NoAdapter { .. } => "NO_ADAPTER",
            Error::NoAdapterNamed { .. } => "NO_ADAPTER_NAMED",
            Error::UnknownProfile { .. } => "UNKNOWN_PROFILE",
            Error::NoDevice { .. } => "NO_DEVICE",
            Error::OutOfMemory { .. } | Error::DriverOutOfMemory { .. } => "OUT_OF_MEMORY",
            Error::BufferTooLarge { .. } => "BUFFER_TOO_LARGE",
            Error::DeviceLost { .. } => "DEVICE_LOST",
            Error::Shader { .. } => "SHADER",
            Error::MissingFeature { .. } => "MISSING_FEATURE",
            Error::Validation { .. } => "VALIDATION",
            Error::Internal { .. } => "GPU_INTERNAL",
            Error::Readback { .. } => "READBACK",
        }
    }
}

/// How often the question was put, where it was more than once.
fn asked(attempts: u32, tried_seconds: u64) -> String {
    if attempts > 1 { format!(", asked {attempts} times in {tried_seconds} s") } else { String::new() }
}
