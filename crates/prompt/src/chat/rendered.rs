//! A conversation as the model sees it: control tokens, ordinary text and places for images and sounds.

use std::ops::Range;

use crate::{Error, Special, Tokenizer};

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// An image.
    Image,
    /// A sound.
    Audio,
}

impl Media {
    /// The token of one soft position, and the tokens that stand before and after a run of them.
    const fn tokens(self) -> [&'static str; 3] {
        match self {
            Media::Image => ["<|image|>", "<|image>", "<image|>"],
            Media::Audio => ["<|audio|>", "<|audio>", "<audio|>"],
        }
    }
}

/// A stretch of a rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A control token that the template wrote.
    Control(&'static str),
    /// Ordinary text, whatever it looks like; never next to another text.
    Text(String),
    /// The place of an image or a sound, in the order of the parts.
    Media(Media),
}

/// A conversation in the template's words. Control tokens and text stay apart, so text that looks like a control
/// token is encoded as ordinary text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    segments: Vec<Segment>,
    pub(super) opens_thinking: bool,
}

/// Ids in which each image and sound has its soft positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// All ids; soft positions hold the id of `<|image|>` or `<|audio|>`.
    pub ids: Vec<u32>,
    /// For each image or sound, in order: what it is and its soft positions in `ids`.
    pub spans: Vec<(Media, Range<usize>)>,
}

impl Rendered {
    pub(super) fn control(&mut self, piece: &'static str) {
        self.segments.push(Segment::Control(piece));
    }

    pub(super) fn media(&mut self, media: Media) {
        self.segments.push(Segment::Media(media));
    }

    /// Adjacent texts are one text: merges cross the seam between the template's words and the user's.
    pub(super) fn text(&mut self, text: &str) {
        match self.segments.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Text(last)) => last.push_str(text),
            _ => self.segments.push(Segment::Text(text.to_string())),
        }
    }

    /// The stretches in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the text ends inside the model's thoughts, so that its answer starts there.
    pub fn opens_thinking(&self) -> bool {
        self.opens_thinking
    }

    /// The images and sounds that the conversation has places for, in order.
    pub fn media_places(&self) -> impl Iterator<Item = Media> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Media(media) => Some(*media),
            _ => None,
        })
    }

    /// The whole as one string, for people and for comparison. Encoding this string with special tokens parsed would
    /// let a user write control tokens; use [`Rendered::ids`].
    pub fn to_text(&self) -> String {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Control(piece) => piece,
                Segment::Text(text) => text.as_str(),
                Segment::Media(media) => media.tokens()[0],
            })
            .collect()
    }

    /// As [`Rendered::ids`], for a model that sees and hears nothing: it would answer as if an image or sound were not there.
    ///
    /// # Errors
    ///
    /// [`Error::Media`] for a conversation with images or sounds; [`Error::NoControl`] as for [`Rendered::ids`].
    pub fn text_ids(&self, tokenizer: &Tokenizer) -> Result<Vec<u32>, Error> {
        match self.media_places().count() {
            0 => self.ids(tokenizer),
            parts => Err(Error::Media { parts }),
        }
    }

    /// The ids, with one `<|image|>` or `<|audio|>` in the place of each image or sound.
    ///
    /// # Errors
    ///
    /// [`Error::NoControl`] if the vocabulary lacks a control token that is needed.
    pub fn ids(&self, tokenizer: &Tokenizer) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Control(piece) => ids.push(control_id(tokenizer, piece)?),
                Segment::Text(text) => ids.extend(tokenizer.encode(text, Special::Text)),
                Segment::Media(media) => ids.push(control_id(tokenizer, media.tokens()[0])?),
            }
        }
        Ok(ids)
    }

    /// The ids, with the opening token, `soft_tokens[i]` soft positions and the closing token in the place of the
    /// i-th image or sound.
    ///
    /// # Errors
    ///
    /// [`Error::MediaCount`] if there is not one count for each place; [`Error::NoControl`] as for [`Rendered::ids`].
    pub fn expanded_ids(&self, tokenizer: &Tokenizer, soft_tokens: &[usize]) -> Result<Expanded, Error> {
        let parts = self.media_places().count();
        if parts != soft_tokens.len() {
            return Err(Error::MediaCount { parts, counts: soft_tokens.len() });
        }
        let mut counts = soft_tokens.iter();
        let mut expanded = Expanded::default();
        let ids = &mut expanded.ids;
        for segment in &self.segments {
            match segment {
                Segment::Control(piece) => ids.push(control_id(tokenizer, piece)?),
                Segment::Text(text) => ids.extend(tokenizer.encode(text, Special::Text)),
                Segment::Media(media) => {
                    let [soft, before, after] = media.tokens();
                    ids.push(control_id(tokenizer, before)?);
                    let start = ids.len();
                    let count = counts.next().copied().unwrap_or_default();
                    ids.resize(start + count, control_id(tokenizer, soft)?);
                    expanded.spans.push((*media, start..ids.len()));
                    ids.push(control_id(tokenizer, after)?);
                }
            }
        }
        Ok(expanded)
    }
}

fn control_id(tokenizer: &Tokenizer, piece: &'static str) -> Result<u32, Error> {
    tokenizer.special_id(piece).ok_or(Error::NoControl { piece, tokens: tokenizer.len() })
}
