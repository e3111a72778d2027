//! Calls and their results. The template writes a result right after the call, in the same turn of the model, so the
//! messages with the role `tool` are written where their call is.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::conversation::{Content, Conversation, Message, Part, Role, ToolCall};
use super::rendered::Rendered;
use super::template::media;
use super::value::{self, Keys};
use crate::Error;

pub(super) const RESULT_WITHOUT_CALL: &str =
    "a tool result without a call; put it after the assistant message that calls";

/// What the last message left open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Content,
    Call,
    Result,
}

impl Conversation {
    /// Writes the calls of message `index` and the results that follow it, if any.
    pub(super) fn calls_and_results(&self, out: &mut Rendered, index: usize) -> Result<Last, Error> {
        let message = &self.messages[index];
        let mut last = Last::Content;
        for call in &message.tool_calls {
            let arguments = arguments(call).map_err(|problem| Error::Message { index, problem })?;
            out.control("<|tool_call>");
            out.text("call:");
            out.text(&call.function.name);
            value::object(out, &arguments, Keys::Bare);
            out.control("<tool_call|>");
            last = Last::Call;
        }
        for response in &message.tool_responses {
            check_name(&response.name).map_err(|problem| Error::Message { index, problem })?;
            match &response.response {
                Value::Object(fields) => result_fields(out, &response.name, fields),
                other => result_value(out, &response.name, |out| value::value(out, other, Keys::Bare)),
            }
            last = Last::Result;
        }
        let results = self.messages[index + 1..].iter().take_while(|message| message.role == Role::Tool);
        for (nth, result) in results.enumerate() {
            let at = index + 1 + nth;
            if message.tool_calls.is_empty() && message.tool_responses.is_empty() {
                return Err(Error::Message { index: at, problem: RESULT_WITHOUT_CALL.into() });
            }
            if !message.tool_responses.is_empty() {
                let problem =
                    format!("a tool result, but message {index} has `tool_responses`; give only one");
                return Err(Error::Message { index: at, problem });
            }
            let name = called_function(message, result, nth)
                .map_err(|problem| Error::Message { index: at, problem })?;
            match &result.content {
                Content::Text(text) => result_value(out, name, |out| value::quoted(out, text)),
                Content::Fields(fields) => result_fields(out, name, fields),
                Content::Parts(parts) => {
                    let texts = parts.iter().filter_map(|part| match part {
                        Part::Text { text } => Some(text.as_str()),
                        _ => None,
                    });
                    let text: String = texts.collect();
                    result_value(out, name, |out| value::quoted(out, &text));
                    parts.iter().filter_map(media).for_each(|media| out.media(media));
                }
            }
            last = Last::Result;
        }
        Ok(last)
    }
}

fn arguments(call: &ToolCall) -> Result<Cow<'_, Map<String, Value>>, String> {
    let name = &call.function.name;
    check_name(name)?;
    let parsed = match &call.function.arguments {
        Value::Null => return Ok(Cow::Owned(Map::new())),
        Value::Object(fields) => return Ok(Cow::Borrowed(fields)),
        // What some clients write for none.
        Value::String(json) if json.trim().is_empty() => return Ok(Cow::Owned(Map::new())),
        Value::String(json) => serde_json::from_str(json).ok(),
        _ => None,
    };
    parsed.map(Cow::Owned).ok_or_else(|| {
        format!("the arguments of `{name}` are {}; give an object", shortened(&call.function.arguments))
    })
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}

/// The template's notation has no way to quote a name.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let faulty = |c: char| c.is_whitespace() || c.is_control() || "{}[],:\"<>|".contains(c);
    if name.is_empty() || name.contains(faulty) {
        return Err(format!(
            "the function name {name:?} cannot be written; use letters, digits, `_`, `-` and `.`"
        ));
    }
    Ok(())
}

/// The function that the `nth` result after `message` belongs to: by call id, by name, or by position.
fn called_function<'a>(message: &'a Message, result: &'a Message, nth: usize) -> Result<&'a str, String> {
    let calls = &message.tool_calls;
    if let Some(id) = &result.tool_call_id
        && let Some(call) = calls.iter().rfind(|call| call.id.as_ref() == Some(id))
    {
        return Ok(&call.function.name);
    }
    if let Some(name) = &result.name {
        check_name(name)?;
        return Ok(name);
    }
    match (&result.tool_call_id, calls.get(nth)) {
        (Some(id), _) => {
            let ids: Vec<&str> = calls.iter().filter_map(|call| call.id.as_deref()).collect();
            Err(format!("a result of call `{id}`, but the calls before it are {ids:?}; use one of these ids"))
        }
        (None, Some(call)) => Ok(&call.function.name),
        (None, None) => {
            let calls = calls.len();
            Err(format!("result {} of {calls} calls; give one result for each call", nth + 1))
        }
    }
}

fn result_fields(out: &mut Rendered, name: &str, fields: &Map<String, Value>) {
    out.control("<|tool_response>");
    out.text("response:");
    out.text(name);
    value::object(out, fields, Keys::Bare);
    out.control("<tool_response|>");
}

fn result_value(out: &mut Rendered, name: &str, value: impl FnOnce(&mut Rendered)) {
    out.control("<|tool_response>");
    out.text("response:");
    out.text(name);
    out.text("{value:");
    value(out);
    out.text("}");
    out.control("<tool_response|>");
}
