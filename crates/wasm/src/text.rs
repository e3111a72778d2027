//! Text, conversations and ids by a model's own tokenizer and template.

use engine::ModelFile;
use engine::prompt::{Conversation, Special};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::json;

/// A conversation in the template's words.
#[derive(Serialize)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) ids: Vec<u32>,
    pub(crate) opens_thinking: bool,
}

/// The ids of a text, in which nothing is special.
pub(crate) fn encode(file: &ModelFile, text: &str) -> Vec<u32> {
    file.tokenizer().encode(text, Special::Text)
}

/// The text of ids.
pub(crate) fn decode(file: &ModelFile, ids: &[u32]) -> String {
    file.tokenizer().decode(ids)
}

/// `{messages, tools, enable_thinking, add_generation_prompt}` as the model reads it.
pub(crate) fn render(file: &ModelFile, conversation: &JsValue) -> Result<Prompt, Error> {
    let text = json::text("conversation", conversation)?;
    let rendered =
        Conversation::from_json(&text).and_then(|it| it.render(file.template())).map_err(failed)?;
    let ids = rendered.text_ids(file.tokenizer()).map_err(failed)?;
    Ok(Prompt { text: rendered.to_text(), ids, opens_thinking: rendered.opens_thinking() })
}

fn failed(error: engine::prompt::Error) -> Error {
    Error::Engine(error.into())
}
