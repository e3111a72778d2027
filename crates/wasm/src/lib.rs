//! The JavaScript bindings of rullama: thin classes over the engine, for a dedicated worker or for Node.
//!
//! Every method that waits returns a promise and holds no borrow of its object meanwhile, so `cancel` and the memory
//! report work during a step. Everything that fails throws an `Error` with a stable `code`, and `details` for programs.

mod ahead;
mod check;
mod device;
mod error;
mod events;
mod json;
mod model;
mod model_file;
mod options;
mod session;
mod sha256;
mod source;
mod text;
mod timer;

pub use check::check_kernels;
pub use device::{Cancel, Device};
pub use model::Model;
pub use model_file::ModelFile;
pub use session::Session;
pub use sha256::Sha256;
pub use source::Source;

use wasm_bindgen::prelude::wasm_bindgen;

/// Turns a panic into a thrown error with its message. Without this the page would learn no more than `unreachable`.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_val(error::thrown("INTERNAL", &panic.to_string(), &serde_json::Value::Null));
    }));
}
