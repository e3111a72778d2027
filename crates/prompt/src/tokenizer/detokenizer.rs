//! Ids to text, all at once or as they come.

use super::{Tokenizer, VISIBLE_SPACE};

/// Whether special tokens appear in decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialText {
    /// As the vocabulary writes them: `<|turn>`.
    Show,
    /// Not at all.
    Hide,
}

/// Text from ids that arrive one by one. Byte tokens are held back until they make a whole character, so no chunk
/// ever ends or starts inside one; each byte that belongs to no character becomes U+FFFD.
#[derive(Clone, Debug)]
pub struct Detokenizer {
    special: SpecialText,
    pending: Vec<u8>, // at most 3 bytes between calls: the start of a character
}

impl Detokenizer {
    /// A detokeniser with nothing pending.
    pub fn new(special: SpecialText) -> Detokenizer {
        Detokenizer { special, pending: Vec::with_capacity(4) }
    }

    /// The text that this id completes; often all of its own, sometimes none yet. An id outside the vocabulary
    /// gives U+FFFD.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        let mut text = String::new();
        self.push_onto(tokenizer, id, &mut text);
        text
    }

    /// As [`Detokenizer::push`], appended to `text`.
    pub fn push_onto(&mut self, tokenizer: &Tokenizer, id: u32, text: &mut String) {
        if tokenizer.is_special(id) {
            if self.special == SpecialText::Show {
                self.give_up(text);
                text.push_str(tokenizer.piece(id).unwrap_or_default());
            }
            return;
        }
        if let Some(byte) = tokenizer.byte(id) {
            self.push_byte(byte, text);
            return;
        }
        self.give_up(text);
        match tokenizer.piece(id) {
            Some(piece) => text.extend(piece.chars().map(|c| if c == VISIBLE_SPACE { ' ' } else { c })),
            None => text.push(char::REPLACEMENT_CHARACTER),
        }
    }

    /// What is left when no more ids come: U+FFFD for each byte of an unfinished character.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        self.give_up(&mut text);
        text
    }

    fn push_byte(&mut self, byte: u8, text: &mut String) {
        self.pending.push(byte);
        while !self.pending.is_empty() {
            match std::str::from_utf8(&self.pending) {
                Ok(character) => {
                    text.push_str(character);
                    self.pending.clear();
                }
                Err(error) if error.error_len().is_none() => return, // a character may still come of it
                Err(_) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending.remove(0);
                }
            }
        }
    }

    fn give_up(&mut self, text: &mut String) {
        text.extend(self.pending.drain(..).map(|_| char::REPLACEMENT_CHARACTER));
    }
}

impl Tokenizer {
    /// The text of ids, with special tokens written out.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.decode_with(ids, SpecialText::Show)
    }

    /// What one id adds to a text, as bytes, since a token may be a part of a character; special tokens as the vocabulary
    /// writes them. None for an id outside the vocabulary.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        if let Some(byte) = self.byte(id) {
            return Some(vec![byte]);
        }
        let piece = self.piece(id)?;
        let text = if self.is_special(id) { piece.to_owned() } else { piece.replace(VISIBLE_SPACE, " ") };
        Some(text.into_bytes())
    }

    /// The text of ids, with or without special tokens.
    pub fn decode_with(&self, ids: &[u32], special: SpecialText) -> String {
        let mut detokenizer = Detokenizer::new(special);
        let mut text = String::new();
        for &id in ids {
            detokenizer.push_onto(self, id, &mut text);
        }
        detokenizer.give_up(&mut text);
        text
    }
}
