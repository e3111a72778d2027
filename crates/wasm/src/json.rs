//! Plain data across the boundary. JSON text is the carrier: it is what browsers parse fastest, and needs no crate.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use crate::error::Error;

/// A Rust value as a JavaScript one.
pub(crate) fn to_js<T: Serialize>(value: &T) -> JsValue {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    js_sys::JSON::parse(&text).expect("serde writes valid JSON")
}

/// A JavaScript value as a Rust one; `undefined` and `null` give the default.
pub(crate) fn from_js<T: DeserializeOwned + Default>(
    what: &'static str,
    value: &JsValue,
) -> Result<T, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    let problem = |problem: String| Error::Argument { what, problem };
    serde_json::from_str(&text(what, value)?).map_err(|error| problem(error.to_string()))
}

/// The JSON text of a JavaScript value.
pub(crate) fn text(what: &'static str, value: &JsValue) -> Result<String, Error> {
    let text = js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string());
    text.ok_or_else(|| Error::Argument { what, problem: "is no plain data".into() })
}
