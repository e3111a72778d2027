//! What can be wrong with a vocabulary or a conversation.

/// A vocabulary or conversation that cannot be used, with the remedy in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A count or length of the vocabulary is above the named limit.
    #[error(
        "vocabulary: {found} {what}, the limit is {limit}; the file is damaged or not meant for this program"
    )]
    TooLarge {
        /// What was counted, in words.
        what: &'static str,
        /// What the file has.
        found: usize,
        /// What is accepted.
        limit: usize,
    },
    /// The token types are not one for each token.
    #[error(
        "vocabulary: {types} token types for {tokens} tokens; use a file whose `tokenizer.ggml.token_type` is whole"
    )]
    TypeCount {
        /// How many types were given.
        types: usize,
        /// How many tokens were given.
        tokens: usize,
    },
    /// A special id (bos, eos, unknown) lies outside the vocabulary.
    #[error("vocabulary: {name} is {id}, but there are only {tokens} tokens; the file's metadata is damaged")]
    IdOutside {
        /// Which id.
        name: &'static str,
        /// Its value.
        id: u32,
        /// How many tokens there are.
        tokens: usize,
    },
    /// A merge is not two pieces of the vocabulary that make a third.
    #[error(
        "vocabulary: merge {rank} `{merge}` does not join two of the {tokens} tokens into a third; the file's `tokenizer.ggml.merges` do not belong to its tokens"
    )]
    Merge {
        /// The index of the merge.
        rank: usize,
        /// Its text, shortened.
        merge: String,
        /// How many tokens there are.
        tokens: usize,
    },
    /// Characters outside the vocabulary could not be written at all.
    #[error(
        "vocabulary: {found} of 256 byte tokens `<0x00>`..`<0xFF>` and no unknown token; use a file with one or the other"
    )]
    NoFallback {
        /// How many byte tokens there are.
        found: usize,
    },
    /// The template needs a control token that the vocabulary lacks.
    #[error(
        "vocabulary: no control token `{piece}` among {tokens} tokens; this conversation needs a Gemma 4 vocabulary"
    )]
    NoControl {
        /// The missing token.
        piece: &'static str,
        /// How many tokens there are.
        tokens: usize,
    },
    /// The conversation is not JSON of the expected shape.
    #[error("conversation: {0}")]
    Json(String),
    /// A message cannot be written in the chat template.
    #[error("message {index}: {problem}")]
    Message {
        /// Index of the message, from 0.
        index: usize,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A tool declaration cannot be written in the chat template.
    #[error("tool {index}: {problem}")]
    Tool {
        /// Index of the tool, from 0.
        index: usize,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Images or sounds for a model that takes text.
    #[error("conversation: {parts} image and audio parts, but this version takes text only; leave them out")]
    Media {
        /// Parts in the conversation.
        parts: usize,
    },
    /// The soft-token counts are not one for each image or audio part.
    #[error(
        "conversation: {parts} image and audio parts, but {counts} soft-token counts; give one count for each part, in order"
    )]
    MediaCount {
        /// Parts in the conversation.
        parts: usize,
        /// Counts given.
        counts: usize,
    },
}
