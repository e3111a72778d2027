//! The states of an answer: in text, in thinking, in a call.

use serde_json::Value;

use super::call::{Body, parse_call};
use super::tags::Tag;

/// Most bytes of one tool call; what is longer is reported as malformed.
const CALL_BYTES_MAX: usize = 1 << 20;
/// The name line of the only channel there is.
const CHANNEL_NAME: &str = "thought\n";

/// A part of what the model says. Adjacent pieces of the same kind are one text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A stretch of its thoughts.
    Thinking(String),
    /// A stretch of its answer.
    Text(String),
    /// A whole function call.
    ToolCall {
        /// The function's name.
        name: String,
        /// The arguments, always an object.
        arguments: Value,
    },
    /// Something between the tags of a call that is not a call.
    Malformed {
        /// What stands there.
        raw: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where an answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// In text.
    Text,
    /// In thinking, since the prompt ends with the start of a thought.
    Thinking,
}

#[derive(Clone, Debug)]
enum State {
    Text,
    /// Before the end of the channel's name line; holds what there is of it.
    ChannelName(String),
    Thinking,
    Call(Body),
}

/// Takes text and tags, gives pieces.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    state: State,
    held: String,     // white space that is dropped if a tag follows
    skip_space: bool, // white space right after a tag is dropped
}

impl Machine {
    pub(super) fn new(start: Start) -> Machine {
        let state = match start {
            Start::Text => State::Text,
            Start::Thinking => State::Thinking,
        };
        Machine { state, held: String::new(), skip_space: false }
    }

    /// Whether the machine is between the quotes of a call, where only a quote is a tag.
    pub(super) fn in_quotes(&self) -> bool {
        matches!(&self.state, State::Call(body) if body.in_quotes())
    }

    /// What is held back of the answer, not of its thoughts.
    pub(super) fn held(&self) -> &str {
        if matches!(self.state, State::Text) { &self.held } else { "" }
    }

    pub(super) fn text(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        match &mut self.state {
            State::Text | State::Thinking => self.say(text, pieces),
            State::Call(body) => {
                body.text(text);
                self.end_oversized_call(pieces);
            }
            State::ChannelName(name) => {
                name.push_str(text);
                if name.len() < CHANNEL_NAME.len() && CHANNEL_NAME.starts_with(name.as_str()) {
                    return;
                }
                let said = std::mem::take(name);
                self.state = State::Thinking;
                self.say(said.strip_prefix(CHANNEL_NAME).unwrap_or(&said), pieces);
            }
        }
    }

    pub(super) fn tag(&mut self, tag: Tag, pieces: &mut Vec<Piece>) {
        match tag {
            Tag::Quote => {
                if let State::Call(body) = &mut self.state {
                    body.quote();
                    self.end_oversized_call(pieces);
                }
            }
            Tag::ChannelOpen => {
                self.leave(pieces);
                self.state = State::ChannelName(String::new());
            }
            Tag::CallOpen => {
                self.leave(pieces);
                self.state = State::Call(Body::default());
            }
            Tag::ChannelClose => {
                if matches!(self.state, State::Thinking | State::ChannelName(_)) {
                    self.leave(pieces);
                }
            }
            Tag::CallClose => {
                if matches!(self.state, State::Call(_)) {
                    self.leave(pieces);
                }
            }
        }
    }

    /// Ends whatever is open. Nothing follows, so white space at the end of a text is part of it.
    pub(super) fn finish(&mut self, pieces: &mut Vec<Piece>) {
        if matches!(self.state, State::Text | State::Thinking) && !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.emit(held, pieces);
        }
        self.leave(pieces);
        self.skip_space = false;
    }

    /// Ends the current state before a tag and returns to text.
    fn leave(&mut self, pieces: &mut Vec<Piece>) {
        match &self.state {
            State::Call(_) => self.end_call(pieces),
            // A channel closed before its name line ended: only a name if it is the name.
            State::ChannelName(name) if name != CHANNEL_NAME.trim_end() && !name.is_empty() => {
                let said = name.clone();
                self.state = State::Thinking;
                self.emit(said, pieces);
            }
            State::ChannelName(_) | State::Text | State::Thinking => {}
        }
        self.held.clear();
        self.skip_space = true;
        self.state = State::Text;
    }

    fn end_oversized_call(&mut self, pieces: &mut Vec<Piece>) {
        if matches!(&self.state, State::Call(body) if body.bytes() > CALL_BYTES_MAX) {
            self.end_call(pieces);
        }
    }

    fn end_call(&mut self, pieces: &mut Vec<Piece>) {
        if let State::Call(body) = std::mem::replace(&mut self.state, State::Text) {
            pieces.push(match parse_call(&body) {
                Ok((name, arguments)) => Piece::ToolCall { name, arguments: Value::Object(arguments) },
                Err(problem) => Piece::Malformed { raw: body.raw(), problem },
            });
        }
        self.skip_space = true;
    }

    /// Passes text on, except white space at its end.
    fn say(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let text = if self.skip_space { text.trim_start() } else { text };
        if text.is_empty() {
            return;
        }
        self.skip_space = false;
        let said = text.trim_end();
        if said.is_empty() {
            self.held.push_str(text);
            return;
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.push_str(said);
        self.held.push_str(&text[said.len()..]);
        self.emit(whole, pieces);
    }

    fn emit(&self, text: String, pieces: &mut Vec<Piece>) {
        match (&self.state, pieces.last_mut()) {
            (State::Thinking, Some(Piece::Thinking(last))) | (State::Text, Some(Piece::Text(last))) => {
                last.push_str(&text);
            }
            (State::Thinking, _) => pieces.push(Piece::Thinking(text)),
            _ => pieces.push(Piece::Text(text)),
        }
    }
}
