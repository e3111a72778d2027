//! The turns of a conversation. Source: the publisher's chat template of 2026-07-09 for the small (e2b, e4b) and
//! large (26b, 31b) models; where a conversation is faulty this reports it instead of writing something.

use std::borrow::Cow;

use super::calls::{Last, RESULT_WITHOUT_CALL, check_name};
use super::conversation::{Content, Conversation, Message, Part, Role};
use super::declaration::declaration;
use super::rendered::{Media, Rendered};
use crate::Error;

/// Which of the two templates a model was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateSize {
    /// e2b and e4b.
    Small,
    /// 12b, 26b and 31b: with thinking off, the model's turn starts with an empty thought.
    Large,
}

impl Conversation {
    /// Writes the conversation in the template's words.
    ///
    /// # Errors
    ///
    /// [`Error::Message`] or [`Error::Tool`] naming what the template cannot write: a tool result without a call,
    /// calls or reasoning of someone other than the assistant, images in a system message, arguments that are no
    /// object, and the like.
    pub fn render(&self, size: TemplateSize) -> Result<Rendered, Error> {
        let mut out = Rendered::default();
        out.control("<bos>");
        let system = self.messages.first().filter(|message| message.role == Role::System);
        self.system_turn(&mut out, system)?;
        let last_user = self.messages.iter().rposition(|message| message.role == Role::User);
        let mut last = Last::Content;
        let mut speaker = None;
        for (index, message) in self.messages.iter().enumerate().skip(usize::from(system.is_some())) {
            message.check().map_err(|problem| Error::Message { index, problem })?;
            if message.role == Role::Tool {
                // Written with the call that it belongs to.
                if speaker != Some(Role::Assistant) {
                    return Err(Error::Message { index, problem: RESULT_WITHOUT_CALL.into() });
                }
                continue;
            }
            if !(message.role == Role::Assistant && speaker == Some(Role::Assistant)) {
                out.control("<|turn>");
                out.text(message.role.name());
                out.text("\n");
            }
            let after_user = last_user.is_none_or(|user| index > user);
            let kept = after_user || (self.preserve_thinking && !message.tool_calls.is_empty());
            if let Some(reasoning) = message.reasoning.as_deref().filter(|text| kept && !text.is_empty()) {
                out.control("<|channel>");
                out.text("thought\n");
                out.text(reasoning);
                out.text("\n");
                out.control("<channel|>");
            }
            last = self.calls_and_results(&mut out, index)?;
            let wrote = content(&mut out, message);
            let next = self.messages[index + 1..].iter().find(|message| message.role != Role::Tool);
            let continues =
                message.role == Role::Assistant && next.is_some_and(|next| next.role == Role::Assistant);
            match last {
                // A call that somebody has gone past, without a result, asks for none any more.
                Last::Call if next.is_none() => out.control("<|tool_response>"),
                _ if continues => {}
                // The model goes on in this turn once it has read the result, also behind what it said beside its call: as
                // one turn is how the next request writes both.
                Last::Result if next.is_none() && (!wrote || self.add_generation_prompt) => {}
                _ => {
                    out.control("<turn|>");
                    out.text("\n");
                }
            }
            speaker = Some(message.role);
        }
        if self.add_generation_prompt {
            self.generation_prompt(&mut out, last, size);
        }
        Ok(out)
    }

    /// Written if there is anything to say in it: instructions, tools, or that the model is to think.
    fn system_turn(&self, out: &mut Rendered, system: Option<&Message>) -> Result<(), Error> {
        if system.is_none() && self.tools.is_empty() && !self.enable_thinking {
            return Ok(());
        }
        out.control("<|turn>");
        out.text("system\n");
        if self.enable_thinking {
            out.control("<|think|>");
            out.text("\n");
        }
        if let Some(message) = system {
            message.check().map_err(|problem| Error::Message { index: 0, problem })?;
            match &message.content {
                Content::Text(text) => out.text(trim(text)),
                Content::Parts(parts) => {
                    for part in parts {
                        if let Part::Text { text } = part {
                            out.text(trim(text));
                            out.text(" ");
                        }
                    }
                }
                Content::Fields(_) => {}
            }
        }
        for (index, tool) in self.tools.iter().enumerate() {
            check_name(&tool.function.name).map_err(|problem| Error::Tool { index, problem })?;
            out.control("<|tool>");
            declaration(out, &tool.function);
            out.control("<tool|>");
        }
        out.control("<turn|>");
        out.text("\n");
        Ok(())
    }

    fn generation_prompt(&self, out: &mut Rendered, last: Last, size: TemplateSize) {
        match last {
            Last::Content => {
                out.control("<|turn>");
                out.text("model\n");
                if size == TemplateSize::Large && !self.enable_thinking {
                    out.control("<|channel>");
                    out.text("thought\n");
                    out.control("<channel|>");
                }
            }
            Last::Result if self.enable_thinking => {
                out.control("<|channel>");
                out.text("thought\n");
                out.opens_thinking = true;
            }
            Last::Result | Last::Call => {}
        }
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "model",
            Role::Tool => "tool",
        }
    }
}

impl Message {
    fn check(&self) -> Result<(), String> {
        let assistant = self.role == Role::Assistant;
        if !assistant && !self.tool_calls.is_empty() {
            return Err(format!(
                "a {} message with `tool_calls`; only the assistant calls",
                self.role.name()
            ));
        }
        if !assistant && !self.tool_responses.is_empty() {
            let role = self.role.name();
            return Err(format!("a {role} message with `tool_responses`; put them on the assistant message"));
        }
        if !assistant && self.reasoning.as_deref().is_some_and(|reasoning| !reasoning.is_empty()) {
            return Err(format!("a {} message with reasoning; only the assistant thinks", self.role.name()));
        }
        match &self.content {
            Content::Fields(_) if self.role != Role::Tool => {
                Err(format!("a {} message with an object as content; give text or parts", self.role.name()))
            }
            Content::Parts(parts)
                if self.role == Role::System && parts.iter().any(|part| media(part).is_some()) =>
            {
                Err("a system message with an image or a sound; put it in a user message".into())
            }
            _ => Ok(()),
        }
    }
}

/// Writes what a message says; false if that is nothing but white space.
fn content(out: &mut Rendered, message: &Message) -> bool {
    let mut wrote = false;
    let text = |out: &mut Rendered, text: &str| {
        let text = match message.role {
            Role::Assistant => without_thoughts(text),
            _ => Cow::Borrowed(trim(text)),
        };
        out.text(&text);
        !text.is_empty()
    };
    match &message.content {
        Content::Text(whole) => wrote = text(out, whole),
        Content::Parts(parts) => {
            for part in parts {
                wrote |= match part {
                    Part::Text { text: part } => text(out, part),
                    Part::Image { .. } | Part::Audio { .. } => true,
                };
                media(part).into_iter().for_each(|media| out.media(media));
            }
        }
        Content::Fields(_) => {}
    }
    wrote
}

pub(super) fn media(part: &Part) -> Option<Media> {
    match part {
        Part::Text { .. } => None,
        Part::Image { .. } => Some(Media::Image),
        Part::Audio { .. } => Some(Media::Audio),
    }
}

/// Takes `<|channel>..<channel|>` written in an earlier answer out of it.
fn without_thoughts(text: &str) -> Cow<'_, str> {
    if !text.contains("<channel|>") && !text.contains("<|channel>") {
        return Cow::Borrowed(trim(text));
    }
    let kept: String =
        text.split("<channel|>").map(|part| part.split("<|channel>").next().unwrap_or_default()).collect();
    Cow::Owned(trim(&kept).to_string())
}

/// White space as the template's language counts it: Unicode's, and the four ASCII separators.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}
