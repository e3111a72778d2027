//! GGUF files: header, metadata, tensor table and quantised blocks, read and written.
//!
//! Reading starts from a [`ReadAt`]: something with a size that can fill a buffer from an offset.
//! [`read_header`] reads the header through it in windows, so a file of many gigabytes costs no more memory than
//! its metadata in compact form; [`parse`] does the same for bytes that are in memory already.
//! A [`Header`] says where each [`Tensor`] lies and of which [`Type`] it is; [`decode`] turns its blocks into
//! numbers, [`encode`] numbers into blocks, and [`Writer`] makes files.
//!
//! No file, however damaged, makes the reader panic, hang or allocate more than the file's own size justifies:
//! every count is checked against the bytes that are left before memory is asked for, and against a named limit
//! of [`limits`].
//!
//! The format is described in `docs/gguf.md` of the ggml project; the block layouts in its `ggml-common.h`.

mod codec;
mod cursor;
mod error;
mod formats;
mod header;
mod kind;
pub mod limits;
mod metadata;
mod source;
mod strings;
mod value;
mod value_reader;
mod writer;

pub use codec::{decode, encode};
pub use error::Error;
pub use header::{Header, Tensor, Tensors, parse, read_header, read_header_in_windows};
pub use kind::Type;
pub use metadata::{Metadata, OneOrMany};
pub use source::{Memory, ReadAt, ReadError, ReadErrorKind, ReadFuture};
pub use strings::Strings;
pub use value::{Array, Value};
pub use writer::Writer;
