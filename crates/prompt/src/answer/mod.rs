//! What the model says: thinking, text and tool calls, while the ids still arrive.

mod call;
mod machine;
mod tags;

use crate::{Detokenizer, SpecialText, Tokenizer};
use machine::Machine;
pub use machine::{Piece, Start};
use tags::{TAGS, Tag};
pub use tags::{TextAnswerParser, parse_answer};

/// Generated ids to pieces. Tags are told by their ids, so text that merely looks like a tag stays text.
#[derive(Clone, Debug)]
pub struct AnswerParser {
    machine: Machine,
    detokenizer: Detokenizer,
    tags: [(Option<u32>, Tag); TAGS.len()],
}

impl AnswerParser {
    /// A parser for an answer that begins in text or, after a prompt whose [`crate::Rendered::opens_thinking`] is
    /// true, in thinking.
    pub fn new(tokenizer: &Tokenizer, start: Start) -> AnswerParser {
        AnswerParser {
            machine: Machine::new(start),
            detokenizer: Detokenizer::new(SpecialText::Hide),
            tags: TAGS.map(|(tag, literal)| (tokenizer.special_id(literal), tag)),
        }
    }

    /// What this id completes. White space that may stand before a tag is held back until it is known not to.
    /// Special tokens other than the tags, such as the end of the turn, say nothing.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Vec<Piece> {
        let mut pieces = Vec::new();
        match self.tags.iter().find(|(tag, _)| *tag == Some(id)) {
            None => self.machine.text(&self.detokenizer.push(tokenizer, id), &mut pieces),
            Some(&(_, tag)) => {
                self.machine.text(&self.detokenizer.finish(), &mut pieces);
                self.machine.tag(tag, &mut pieces);
            }
        }
        pieces
    }

    /// White space of the answer that is held back, since it is none of it if a tag follows.
    pub fn held(&self) -> &str {
        self.machine.held()
    }

    /// What is still held back when the answer ends, wherever it ends. The parser is then as new, starting in text.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.machine.text(&self.detokenizer.finish(), &mut pieces);
        self.machine.finish(&mut pieces);
        pieces
    }
}
