//! Building a tokenizer from what a GGUF file says, and asking it about single tokens.

use super::merges::Merges;
use super::pieces::Pieces;
use super::special::Specials;
use super::{NONE, VISIBLE_SPACE};
use crate::Error;

/// Token type of control tokens in GGUF files (`<|turn>`).
const CONTROL: i32 = 3;
/// Token type of user-defined tokens; llama.cpp's converter gives it to the control tokens it wants printed, and to tokens that are
/// text, such as several line ends or `<table>`.
const USER_DEFINED: i32 = 4;
/// Tokens that end an answer wherever the vocabulary has them: end of text, end of turn, wait for a tool's result.
const STOPS: [&str; 3] = ["<eos>", "<turn|>", "<|tool_response>"];
/// Listed as an end in some files, but Gemma 4 uses it as the HTML tag that it looks like.
const NOT_A_STOP: &str = "</s>";

/// The tokeniser part of a GGUF file's metadata. Token and merge texts are read once, in order, and not kept as
/// they are, so iterators over a parsed header are best.
#[derive(Clone, Debug)]
pub struct Vocabulary<'a, T, M> {
    /// `tokenizer.ggml.tokens`: the text of each id.
    pub tokens: T,
    /// `tokenizer.ggml.merges`: `LEFT RIGHT`, the lowest rank first.
    pub merges: M,
    /// `tokenizer.ggml.token_type`, one for each token; empty where the file has none.
    pub types: &'a [i32],
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_ids`, and `tokenizer.ggml.eos_token_id` after them, as far as the file has them.
    pub eos: &'a [u32],
    /// `tokenizer.ggml.unknown_token_id`.
    pub unknown: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`: whether plain text (no chat template) starts with `bos`.
    pub add_bos: bool,
}

/// Text to ids and ids to text. About 18 MB for Gemma 4's 262144 tokens and 514906 merges; build it once.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pub(super) pieces: Pieces,
    pub(super) merges: Merges,
    pub(super) specials: Specials,
    pub(super) special: Vec<bool>, // (tokens)
    pub(super) byte_ids: Box<[u32; 256]>,
    byte_order: Vec<(u32, u8)>,        // (byte tokens present), by id
    pub(super) characters: Box<[u32]>, // (BMP_CODES), id of each one-character piece
    pub(super) unknown: Option<u32>,
    bos: Option<u32>,
    add_bos: bool,
    stops: Vec<u32>,
}

/// Characters whose ids are found without hashing: the Basic Multilingual Plane.
const BMP_CODES: usize = 0x1_0000;

/// Whether a token is written as the tags of the template are: `<|turn>`, `<turn|>`.
fn is_tag(piece: &str) -> bool {
    (piece.starts_with("<|") && piece.ends_with('>')) || (piece.starts_with('<') && piece.ends_with("|>"))
}

impl Tokenizer {
    /// Checks and packs a vocabulary.
    ///
    /// # Errors
    ///
    /// Counts above the limits, a type list of another length, ids outside the vocabulary, merges that do not belong
    /// to the tokens, or a vocabulary with neither all 256 byte tokens nor an unknown token.
    pub fn new<T, M>(vocabulary: Vocabulary<'_, T, M>) -> Result<Tokenizer, Error>
    where
        T: IntoIterator,
        T::Item: AsRef<str>,
        M: IntoIterator,
        M::Item: AsRef<str>,
    {
        let Vocabulary { tokens, merges, types, bos, eos, unknown, add_bos } = vocabulary;
        let pieces = Pieces::collect(tokens)?;
        if !types.is_empty() && types.len() != pieces.len() {
            return Err(Error::TypeCount { types: types.len(), tokens: pieces.len() });
        }
        let named = [("bos_token_id", bos), ("unknown_token_id", unknown)];
        let ends = eos.iter().map(|&id| ("eos_token_id", Some(id)));
        for (name, id) in named.into_iter().chain(ends) {
            if let Some(id) = id.filter(|&id| id as usize >= pieces.len()) {
                return Err(Error::IdOutside { name, id, tokens: pieces.len() });
            }
        }

        let mut special = vec![false; pieces.len()];
        for (id, (special, &kind)) in special.iter_mut().zip(types).enumerate() {
            let is_tag = || pieces.get(id as u32).is_some_and(is_tag);
            *special = kind == CONTROL || (kind == USER_DEFINED && is_tag());
        }
        let ids = (0..pieces.len() as u32).filter(|&id| special[id as usize]);
        let specials = Specials::collect(ids, &pieces)?;
        let merges = Merges::collect(merges, &pieces, |id| special[id as usize])?;

        let byte_ids: Box<[u32; 256]> =
            Box::new(std::array::from_fn(|byte| pieces.id(&format!("<0x{byte:02X}>")).unwrap_or(NONE)));
        let mut byte_order: Vec<(u32, u8)> =
            (0..=255).map(|byte: u8| (byte_ids[byte as usize], byte)).filter(|&(id, _)| id != NONE).collect();
        byte_order.sort_unstable();
        if byte_order.len() < 256 && unknown.is_none() {
            return Err(Error::NoFallback { found: byte_order.len() });
        }

        let mut stops: Vec<u32> = eos.to_vec();
        stops.extend(STOPS.iter().filter_map(|piece| pieces.id(piece)));
        stops.retain(|&id| pieces.get(id) != Some(NOT_A_STOP));
        stops.sort_unstable();
        stops.dedup();

        let characters = vec![NONE; BMP_CODES].into_boxed_slice();
        let mut tokenizer = Tokenizer {
            pieces,
            merges,
            specials,
            special,
            byte_ids,
            byte_order,
            characters,
            unknown,
            bos,
            add_bos,
            stops,
        };
        for code in 0..BMP_CODES as u32 {
            if let Some(character) = char::from_u32(code) {
                tokenizer.characters[code as usize] = tokenizer.one_character(character);
            }
        }
        Ok(tokenizer)
    }

    /// The id of a character on its own as ordinary text, or [`NONE`].
    pub(super) fn character(&self, character: char) -> u32 {
        match self.characters.get(character as usize) {
            Some(&id) => id,
            None => self.one_character(character),
        }
    }

    fn one_character(&self, character: char) -> u32 {
        let id = self.pieces.id(character.encode_utf8(&mut [0; 4])).unwrap_or(NONE);
        if id != NONE && self.special[id as usize] { NONE } else { id }
    }

    /// The byte that a byte token stands for, in either dialect: told by its text `<0xNN>`, since its type differs.
    pub(super) fn byte(&self, id: u32) -> Option<u8> {
        let at = self.byte_order.binary_search_by_key(&id, |&(id, _)| id).ok()?;
        Some(self.byte_order[at].1)
    }

    /// The text of a token as the vocabulary writes it, with U+2581 for a space.
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.pieces.get(id)
    }

    /// The token whose text is exactly `piece`, special or not.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.pieces.id(piece)
    }

    /// How many tokens there are; ids are below it.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is a control token: the file marks it so, or as user-defined where it is written as a tag. Ordinary text never
    /// becomes such a token.
    pub fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize).is_some_and(|&special| special)
    }

    /// The special token with exactly this text.
    pub fn special_id(&self, piece: &str) -> Option<u32> {
        self.id(piece).filter(|&id| self.is_special(id))
    }

    /// The token that starts every sequence.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// Whether plain text is to be preceded by [`Tokenizer::bos`]; the chat template always writes it itself.
    pub fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// Ids that end an answer, ascending: the file's ends, end of turn, and the request for a tool's result.
    pub fn stops(&self) -> &[u32] {
        &self.stops
    }

    /// Bytes held by the tables.
    pub fn bytes(&self) -> usize {
        let flags = self.special.capacity() + 4 * (self.characters.len() + self.byte_ids.len());
        self.pieces.bytes() + self.merges.bytes() + flags
    }

    /// U+2581 for a space, anything else as it is.
    pub(super) fn visible(character: char) -> char {
        if character == ' ' { VISIBLE_SPACE } else { character }
    }
}
