//! Text to ids and back: ranked pair merges over Unicode scalars with byte fallback (GEMMA4 tokeniser).
//!
//! Each space becomes U+2581, no prefix space is added, nothing is split into words beforehand, and the pair with
//! the lowest rank is merged first, leftmost first. A character outside the vocabulary becomes its UTF-8 bytes.

mod bpe;
mod detokenizer;
mod encode;
mod merges;
mod pieces;
mod special;
mod vocabulary;

pub use detokenizer::{Detokenizer, SpecialText};
pub use encode::Special;
pub use vocabulary::{Tokenizer, Vocabulary};

/// Stands for "no id" and "no rank" in the packed tables; limits keep real values below it.
const NONE: u32 = u32::MAX;

/// SentencePiece's visible space, written in the vocabulary wherever text has a space.
const VISIBLE_SPACE: char = '\u{2581}';
