//! Text to ids.

use super::bpe::{Scratch, merge};
use super::{NONE, Tokenizer};

/// Whether special tokens written out in a text are special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `<|turn>` in the text is seven ordinary characters. Right for anything a user wrote.
    Text,
    /// `<|turn>` in the text is the control token. Only for text from a trusted source.
    Parse,
}

impl Tokenizer {
    /// The ids of a text; no start token is added. O(n log n) in the length of the text, and linear in practice.
    pub fn encode(&self, text: &str, special: Special) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut run = Run { tokenizer: self, symbols: Vec::new(), scratch: Scratch::default() };
        match special {
            Special::Text => run.encode(text, &mut ids),
            Special::Parse => {
                let mut rest = text;
                while let Some((at, id)) = self.specials.find(rest, &self.pieces) {
                    run.encode(&rest[..at], &mut ids);
                    ids.push(id);
                    rest = &rest[at + self.pieces.get(id).map_or(0, str::len)..];
                }
                run.encode(rest, &mut ids);
            }
        }
        ids
    }
}

/// The symbols since the last place that no merge can cross.
struct Run<'a> {
    tokenizer: &'a Tokenizer,
    symbols: Vec<u32>,
    scratch: Scratch,
}

impl Run<'_> {
    fn encode(&mut self, text: &str, ids: &mut Vec<u32>) {
        let mut previous = '\0';
        let mut unknown_before = false;
        for character in text.chars().map(Tokenizer::visible) {
            let symbol = self.tokenizer.character(character);
            if symbol == NONE {
                self.finish(ids);
                unknown_before = self.fall_back(character, unknown_before, ids);
                continue;
            }
            unknown_before = false;
            if !self.symbols.is_empty() && !self.tokenizer.merges.may_join(previous, character) {
                self.finish(ids);
            }
            self.symbols.push(symbol);
            previous = character;
        }
        self.finish(ids);
    }

    fn finish(&mut self, ids: &mut Vec<u32>) {
        merge(&self.tokenizer.merges, &mut self.symbols, &mut self.scratch);
        ids.append(&mut self.symbols);
    }

    /// Writes a character outside the vocabulary as its UTF-8 bytes or, where a byte has no token, as one unknown
    /// token for each run of such characters. Returns whether it was unknown.
    fn fall_back(&self, character: char, unknown_before: bool, ids: &mut Vec<u32>) -> bool {
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        let start = ids.len();
        ids.extend(bytes.iter().map(|&byte| self.tokenizer.byte_ids[byte as usize]));
        if ids[start..].contains(&NONE) {
            ids.truncate(start);
            if !unknown_before {
                ids.extend(self.tokenizer.unknown);
            }
            return true;
        }
        false
    }
}
