//! Events of an answer as plain objects with a `type`.

use engine::{Event, Finished};
use serde::Serialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

use crate::json;

/// An event before the end.
pub(crate) fn event(event: Event) -> JsValue {
    json::to_js(&match event {
        Event::Token { id } => json!({ "type": "token", "id": id }),
        Event::Text(text) => json!({ "type": "text", "text": text }),
        Event::Thinking(text) => json!({ "type": "thinking", "text": text }),
        Event::ToolCall(call) => {
            json!({ "type": "tool_call", "name": call.name, "arguments": call.arguments })
        }
        Event::MalformedCall { raw, problem } => {
            json!({ "type": "malformed_call", "raw": raw, "problem": problem })
        }
        Event::Finished(finished) => tagged(&finished),
    })
}

/// How an answer ended.
pub(crate) fn finished(finished: &Finished) -> JsValue {
    json::to_js(&tagged(finished))
}

fn tagged(finished: &Finished) -> Value {
    #[derive(Serialize)]
    struct Tagged<'a> {
        r#type: &'static str,
        #[serde(flatten)]
        finished: &'a Finished,
    }
    serde_json::to_value(Tagged { r#type: "finished", finished }).expect("plain data has a JSON form")
}
