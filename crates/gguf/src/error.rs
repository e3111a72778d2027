//! What can be wrong with a file.

use crate::limits::Limit;
use crate::source::ReadError;

/// A file that cannot be read, or a value of it that is not what the caller needs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// The first four bytes are not `GGUF`.
    #[error(
        "not a GGUF file: it starts with `{}`, expected `GGUF`; check that this is the model and not a web page",
        .found.escape_ascii()
    )]
    NotGguf {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// The file is for big-endian machines.
    #[error(
        "the file is big-endian; only little-endian GGUF is read: convert the model again on or for such a machine"
    )]
    BigEndian,
    /// A version other than 2 and 3.
    #[error(
        "GGUF version {found} is not supported, only 2 and 3 are; convert the model again with a current tool"
    )]
    Version {
        /// The version of the file.
        found: u32,
    },
    /// The file ends before something it announces.
    #[error(
        "{what}: needs {bytes} bytes at {offset}, the file ends at {file_size}; the download may be incomplete"
    )]
    Truncated {
        /// What was being read.
        what: String,
        /// Bytes that it needs, `u64::MAX` if even more.
        bytes: u64,
        /// Where it starts in the file.
        offset: u64,
        /// Length of the file in bytes.
        file_size: u64,
    },
    /// A count or length over its limit.
    #[error("{what}: {} is {found}, the limit is {}; the file is damaged or was not made for this reader", .limit.name, .limit.max)]
    OverLimit {
        /// What was being read.
        what: String,
        /// The value in the file.
        found: u64,
        /// The bound.
        limit: Limit,
    },
    /// Something the format does not allow.
    #[error("{what}: {problem}; the file is damaged, fetch or convert it again")]
    Malformed {
        /// What was being read.
        what: String,
        /// What is wrong with it, with the value.
        problem: String,
    },
    /// A metadata value of another type than the caller needs.
    #[error("key `{key}`: is {found}, expected {expected}")]
    WrongType {
        /// The key.
        key: String,
        /// The type, and for a number out of range the value, in the file.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A tensor type that cannot be decoded.
    #[error(
        "tensors of type {found} are not supported; supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K"
    )]
    UnsupportedType {
        /// Name and number of the type.
        found: String,
    },
}
