//! The real binary, as people and scripts call it.

mod answers;
mod broken_files;
mod demo;
mod goldens;
mod inspecting;
#[cfg(unix)]
mod interrupting;
mod logits;
mod measuring;
mod program;
mod requests;
mod resources;
mod server;
mod serving;
mod store;
mod text;
mod usage;
