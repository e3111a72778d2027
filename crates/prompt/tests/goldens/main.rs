//! The crate against recorded results of the reference implementations, and against plain versions of itself.

mod answers;
mod chat;
mod files;
mod injection;
mod random;
mod streaming;
mod tokenizer;
