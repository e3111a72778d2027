//! The tags of an answer, and finding them in plain text.

use super::machine::{Machine, Piece, Start};

/// A control token that means something to the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    ChannelOpen,
    ChannelClose,
    CallOpen,
    CallClose,
    Quote,
}

/// Every tag as the vocabulary writes it. None is the start of another.
pub(super) const TAGS: [(Tag, &str); 5] = [
    (Tag::ChannelOpen, "<|channel>"),
    (Tag::ChannelClose, "<channel|>"),
    (Tag::CallOpen, "<|tool_call>"),
    (Tag::CallClose, "<tool_call|>"),
    (Tag::Quote, "<|\"|>"),
];

/// An answer as text with its tags written out, in chunks of any length. Where ids are at hand,
/// [`crate::AnswerParser`] is better: in text, a tag and what merely looks like one are the same.
#[derive(Clone, Debug)]
pub struct TextAnswerParser {
    machine: Machine,
    held: String, // what may be the start of a tag
}

impl TextAnswerParser {
    /// A parser for an answer that begins in text or in thinking.
    pub fn new(start: Start) -> TextAnswerParser {
        TextAnswerParser { machine: Machine::new(start), held: String::new() }
    }

    /// What this chunk completes. A tag that may have begun at its end is held back.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut buffer = std::mem::take(&mut self.held);
        buffer.push_str(text);
        let mut rest = buffer.as_str();
        while let Some(at) = rest.find('<') {
            self.machine.text(&rest[..at], &mut pieces);
            rest = &rest[at..];
            let tags = || TAGS.iter().filter(|(tag, _)| *tag == Tag::Quote || !self.machine.in_quotes());
            if let Some(&(tag, literal)) = tags().find(|(_, literal)| rest.starts_with(literal)) {
                self.machine.tag(tag, &mut pieces);
                rest = &rest[literal.len()..];
            } else if tags().any(|(_, literal)| literal.starts_with(rest)) {
                self.held.push_str(rest);
                return pieces;
            } else {
                self.machine.text("<", &mut pieces);
                rest = &rest[1..];
            }
        }
        self.machine.text(rest, &mut pieces);
        pieces
    }

    /// What is still held back when the answer ends.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.machine.text(&std::mem::take(&mut self.held), &mut pieces);
        self.machine.finish(&mut pieces);
        pieces
    }
}

/// A whole or partial answer at once.
pub fn parse_answer(text: &str, start: Start) -> Vec<Piece> {
    let mut parser = TextAnswerParser::new(start);
    let mut pieces = parser.push(text);
    for piece in parser.finish() {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
            (Some(Piece::Thinking(last)), Piece::Thinking(text)) => last.push_str(&text),
            (_, piece) => pieces.push(piece),
        }
    }
    pieces
}
