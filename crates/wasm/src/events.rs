//! Events of an answer as plain objects with a `type`.

use engine::prompt::Tokenizer;
use engine::{Event, Finished, Logprobs};
use serde::Serialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

use crate::json;

/// An event before the end.
pub(crate) fn event(event: Event, tokenizer: &Tokenizer) -> JsValue {
    json::to_js(&match event {
        Event::Token { id, logprobs: None } => json!({ "type": "token", "id": id }),
        Event::Token { id, logprobs: Some(logprobs) } => {
            json!({ "type": "token", "id": id, "logprobs": described(id, &logprobs, tokenizer) })
        }
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

/// A token and the likeliest in its place in OpenAI's shape.
fn described(id: u32, logprobs: &Logprobs, tokenizer: &Tokenizer) -> Value {
    let token = |id, logprob: f64| {
        let bytes = tokenizer.token_bytes(id).unwrap_or_default();
        // JSON has no infinity; this is what OpenAI writes for what cannot come.
        json!({ "token": String::from_utf8_lossy(&bytes), "bytes": bytes, "logprob": logprob.max(-9999.0) })
    };
    let mut described = token(id, logprobs.chosen);
    let top: Vec<Value> = logprobs.top.iter().map(|top| token(top.id, top.logprob)).collect();
    described["top_logprobs"] = top.into();
    described
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
