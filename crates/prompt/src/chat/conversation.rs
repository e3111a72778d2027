//! What a caller says: messages, tools and two switches, in the shape that chat clients send as JSON.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Error;

/// Everything the chat template is given.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Conversation {
    /// The turns so far, oldest first.
    pub messages: Vec<Message>,
    /// Functions that the model may call.
    #[serde(default, deserialize_with = "null_is_default")]
    pub tools: Vec<Tool>,
    /// Asks the model to think before it answers.
    #[serde(default, deserialize_with = "null_is_default")]
    pub enable_thinking: bool,
    /// Ends the text with the start of the model's turn, so that the model answers. On unless the JSON says no.
    #[serde(default = "on")]
    pub add_generation_prompt: bool,
    /// Keeps the reasoning of earlier turns that called tools; otherwise only what follows the last user message.
    #[serde(default, deserialize_with = "null_is_default")]
    pub preserve_thinking: bool,
}

impl Conversation {
    /// Messages that the model is to answer, without tools and without thinking.
    pub fn new(messages: Vec<Message>) -> Conversation {
        Conversation {
            messages,
            tools: Vec::new(),
            enable_thinking: false,
            add_generation_prompt: true,
            preserve_thinking: false,
        }
    }

    /// Reads `{"messages", "tools", "enable_thinking", "add_generation_prompt"}`; fields it does not know are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] with the place and what was expected there.
    pub fn from_json(json: &str) -> Result<Conversation, Error> {
        serde_json::from_str(json).map_err(|error| Error::Json(error.to_string()))
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions; `developer` is another word for it.
    #[serde(alias = "developer")]
    System,
    /// The person.
    User,
    /// The model; `model` is another word for it.
    #[serde(alias = "model")]
    Assistant,
    /// The result of a function that the assistant called.
    Tool,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Content,
    /// What the assistant thought before it said it.
    pub reasoning: Option<String>,
    /// The assistant's function calls.
    pub tool_calls: Vec<ToolCall>,
    /// Results kept on the assistant's own message, instead of messages with the role `tool`.
    pub tool_responses: Vec<ToolResponse>,
    /// On a `tool` message: the call that this is the result of.
    pub tool_call_id: Option<String>,
    /// On a `tool` message: the function that this is the result of.
    pub name: Option<String>,
}

/// A message as clients write it. Some write one thing under several names at once, often null or
/// empty under all but one.
#[derive(Deserialize)]
struct Written {
    role: Role,
    #[serde(default, deserialize_with = "null_is_default")]
    content: Content,
    reasoning: Option<String>,
    reasoning_content: Option<String>,
    thinking: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    tool_calls: Vec<ToolCall>,
    #[serde(default, deserialize_with = "null_is_default")]
    tool_responses: Vec<ToolResponse>,
    tool_call_id: Option<String>,
    name: Option<String>,
    tool_name: Option<String>,
}

impl From<Written> for Message {
    fn from(written: Written) -> Message {
        Message {
            role: written.role,
            content: written.content,
            reasoning: [written.reasoning, written.reasoning_content, written.thinking]
                .into_iter()
                .flatten()
                .find(|reasoning| !reasoning.is_empty()),
            tool_calls: written.tool_calls,
            tool_responses: written.tool_responses,
            tool_call_id: written.tool_call_id,
            name: written.name.or(written.tool_name),
        }
    }
}

impl Message {
    /// A message of text.
    pub fn new(role: Role, text: impl Into<String>) -> Message {
        Message {
            role,
            content: Content::Text(text.into()),
            reasoning: None,
            tool_calls: Vec::new(),
            tool_responses: Vec::new(),
            tool_call_id: None,
            name: None,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// Text, images and audio in the order in which the model is to see them.
    Parts(Vec<Part>),
    /// Named values; only as the result of a tool.
    Fields(Map<String, Value>),
}

impl Default for Content {
    fn default() -> Self {
        Content::Text(String::new())
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Content::Text(text)),
            Value::Object(fields) => Ok(Content::Fields(fields)),
            parts @ Value::Array(_) => {
                serde_json::from_value(parts).map(Content::Parts).map_err(D::Error::custom)
            }
            other => Err(D::Error::custom(format!("content is {other}; expected text or a list of parts"))),
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    #[serde(alias = "image_url")]
    Image {
        /// The other fields of the part, for whoever decodes the image.
        #[serde(flatten)]
        source: Map<String, Value>,
    },
    /// A sound.
    #[serde(alias = "input_audio")]
    Audio {
        /// The other fields of the part, for whoever decodes the sound.
        #[serde(flatten)]
        source: Map<String, Value>,
    },
}

/// A function call of the assistant.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ToolCall {
    /// The name by which a result refers to this call.
    #[serde(default)]
    pub id: Option<String>,
    /// What is called.
    pub function: FunctionCall,
}

/// A function and what it is called with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FunctionCall {
    /// The function's name.
    pub name: String,
    /// An object, or the JSON text of one; nothing means no arguments.
    #[serde(default)]
    pub arguments: Value,
}

/// The result of a function.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ToolResponse {
    /// The function's name.
    pub name: String,
    /// What it gave back.
    pub response: Value,
}

/// A function that the model may call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Tool {
    /// The function.
    pub function: Function,
}

/// A function as it is declared to the model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, deserialize_with = "null_is_default")]
    pub description: String,
    /// Its parameters as a JSON schema object.
    #[serde(default)]
    pub parameters: Value,
    /// Its result as a JSON schema object.
    #[serde(default)]
    pub response: Value,
}

fn on() -> bool {
    true
}

/// Clients write `null` where they mean "not given".
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
