//! Messages to token ids to text: tokenizer, Gemma 4 chat template, streaming detokeniser and answer parser.
//!
//! The three parts meet only in token ids:
//!
//! - [`Tokenizer`] is built once from the vocabulary and merges of a GGUF file, in either dialect.
//! - [`Conversation::render`] writes a conversation as control tokens and ordinary text. The two are kept apart
//!   until they are ids, so nothing that a user types can become a control token.
//! - [`AnswerParser`] turns generated ids back into thinking, text and tool calls, while they arrive.
//!
//! No file, device or clock is touched here, and nothing is global.

mod answer;
mod chat;
mod error;
mod tokenizer;

pub use answer::{AnswerParser, Piece, Start, TextAnswerParser, parse_answer};
pub use chat::{
    Content, Conversation, Expanded, Function, FunctionCall, Media, Message, Part, Rendered, Role, Segment,
    TemplateSize, Tool, ToolCall, ToolResponse,
};
pub use error::Error;
pub use tokenizer::{Detokenizer, Special, SpecialText, Tokenizer, Vocabulary};
