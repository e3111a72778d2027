//! The text of every token in one blob, and the way back from text to id.

use super::NONE;
use crate::Error;

/// Most tokens a vocabulary may have; Gemma 4 has 262144.
const TOKENS_MAX: usize = 1 << 22;
/// Most bytes of token text in all; Gemma 4 has 2.3 million.
const TEXT_BYTES_MAX: usize = 1 << 28;

/// Token texts back to back, where each starts, and an open-addressed table of ids by text.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    text: String,
    starts: Vec<u32>, // (tokens + 1), bytes into `text`
    slots: Vec<u32>,  // power of two, at most half full
}

impl Pieces {
    pub(super) fn collect<T>(tokens: T) -> Result<Pieces, Error>
    where
        T: IntoIterator,
        T::Item: AsRef<str>,
    {
        let tokens = tokens.into_iter();
        let mut starts = Vec::with_capacity(tokens.size_hint().0.min(TOKENS_MAX) + 1);
        let mut text = String::new();
        starts.push(0);
        for piece in tokens {
            let piece = piece.as_ref();
            let bytes = text.len() + piece.len();
            if bytes > TEXT_BYTES_MAX {
                return Err(Error::TooLarge {
                    what: "bytes of token text",
                    found: bytes,
                    limit: TEXT_BYTES_MAX,
                });
            }
            if starts.len() > TOKENS_MAX {
                return Err(Error::TooLarge { what: "tokens", found: starts.len(), limit: TOKENS_MAX });
            }
            text.push_str(piece);
            starts.push(bytes as u32);
        }
        text.shrink_to_fit();
        // At least half stay free, so every search ends soon.
        let slots = vec![NONE; ((starts.len() - 1) * 2).max(2).next_power_of_two()];
        let mut pieces = Pieces { text, starts, slots };
        for id in 0..pieces.len() as u32 {
            let slot = pieces.slot(pieces.text_of(id));
            // Of two tokens with equal text the first keeps the name, as in the reference implementations.
            if pieces.slots[slot] == NONE {
                pieces.slots[slot] = id;
            }
        }
        Ok(pieces)
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn get(&self, id: u32) -> Option<&str> {
        ((id as usize) < self.len()).then(|| self.text_of(id))
    }

    pub(super) fn id(&self, piece: &str) -> Option<u32> {
        let id = self.slots[self.slot(piece)];
        (id != NONE).then_some(id)
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + 4 * (self.starts.capacity() + self.slots.capacity())
    }

    fn text_of(&self, id: u32) -> &str {
        &self.text[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    /// The slot that holds `piece`, or the free one where it would go.
    fn slot(&self, piece: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(piece.as_bytes()) as usize & mask;
        while self.slots[slot] != NONE && self.text_of(self.slots[slot]) != piece {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// A quick hash of short strings: each step folds a 64×64-bit product, so high bits reach the low ones.
fn hash(bytes: &[u8]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = super::merges::fold(state ^ u64::from_le_bytes(word));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_leads_back_to_its_first_id() {
        let texts = ["a", "", "ab", "a", "\u{2581}", "abcdefghij"];
        let pieces = Pieces::collect(texts).unwrap();
        for (id, text) in texts.iter().enumerate() {
            let first = texts.iter().position(|other| other == text).unwrap();
            assert_eq!(pieces.id(text), Some(first as u32), "{text:?}");
            assert_eq!(pieces.get(id as u32), Some(*text));
        }
        assert_eq!(pieces.id("abc"), None);
        assert_eq!(pieces.get(6), None);
    }
}
