//! Any bytes at all as a GGUF file: no panic, no hang, no memory beyond what the file's size justifies.
//!
//! Run in this folder, where `.cargo/config.toml` sets the compiler's coverage counters:
//!
//!     mkdir -p corpus/gguf artifacts
//!     cargo run --release --bin gguf -- corpus/gguf ../crates/gguf/tests/golden \
//!         -max_total_time=60 -max_len=8192 -timeout=5 -artifact_prefix=artifacts/
//!
//! New inputs that reach new code are kept in `corpus/gguf`; the crate's golden files are where it starts. An input
//! that breaks a promise is left in `artifacts`; the same command with its name alone runs it again.
#![no_main]

#[path = "../../crates/gguf/tests/support/any_file.rs"]
mod any_file;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    any_file::read_within_bounds(file);
});
