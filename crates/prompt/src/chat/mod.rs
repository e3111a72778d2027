//! Conversations and the Gemma 4 chat template (the publisher's canonical template of 2026-07-09).
//!
//! The template is written here by hand, as functions, for the two sizes it exists in.

mod calls;
mod conversation;
mod declaration;
mod rendered;
mod template;
mod value;

pub use conversation::{
    Content, Conversation, Function, FunctionCall, Message, Part, Role, Tool, ToolCall, ToolResponse,
};
pub use rendered::{Expanded, Media, Rendered, Segment};
pub use template::TemplateSize;
