//! Errors as JavaScript sees them: an `Error` with `code`, `message` and `details`.

use engine::ReadError;
use js_sys::Reflect;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};

/// Everything that these bindings can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The session is in use by an earlier call.
    #[error("the session is at work for an earlier call; wait for its end or cancel it")]
    Busy,
    /// An argument cannot be read.
    #[error("{what}: {problem}")]
    Argument {
        /// The argument.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A callback threw.
    #[error("a callback failed: {0}")]
    Callback(String),
}

impl Error {
    fn code(&self) -> &'static str {
        match self {
            Error::Engine(error) => error.code(),
            Error::Busy => "BUSY",
            Error::Argument { .. } => "BAD_OPTION",
            Error::Callback(_) => "CALLBACK_FAILED",
        }
    }

    fn details(&self) -> Value {
        match self {
            Error::Engine(error) => error.details(),
            Error::Argument { what, .. } => json!({ "option": what }),
            _ => Value::Null,
        }
    }
}

/// A source that cannot be opened has the codes of one that fails later.
impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        Error::Engine(error.into())
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> JsValue {
        thrown(error.code(), &error.to_string(), &error.details())
    }
}

/// A JavaScript `Error` with these properties.
pub(crate) fn thrown(code: &str, message: &str, details: &Value) -> JsValue {
    let error = js_sys::Error::new(message);
    let details = js_sys::JSON::parse(&details.to_string()).unwrap_or(JsValue::NULL);
    for (name, value) in [("code", JsValue::from_str(code)), ("details", details)] {
        Reflect::set(&error, &JsValue::from_str(name), &value).expect("a new error takes properties");
    }
    error.into()
}

/// What a caught JavaScript value says.
pub(crate) fn described(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", String::from(error.name()), String::from(error.message())),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}
