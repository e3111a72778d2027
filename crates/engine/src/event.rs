//! What a generation says while it runs.

use crate::Logprobs;
use crate::prompt::FunctionCall;
use serde::Serialize;

/// One thing that happened. Every token is followed by the text it completes, if any.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A token of the answer; the one that ends it is not reported.
    Token {
        /// Its id.
        id: u32,
        /// How likely it was, if [`crate::GenerateOptions::top_logprobs`] asks.
        logprobs: Option<Logprobs>,
    },
    /// A stretch of the answer.
    Text(String),
    /// A stretch of the thoughts before it.
    Thinking(String),
    /// A whole function call.
    ToolCall(FunctionCall),
    /// Something between the tags of a call that is not a call.
    MalformedCall {
        /// What the model wrote.
        raw: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The end; nothing follows.
    Finished(Finished),
}

/// How an answer ended, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Finished {
    /// Why it ended.
    pub reason: FinishReason,
    /// Tokens.
    pub usage: Usage,
    /// Seconds.
    pub timings: Timings,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended it with a stop token.
    Stop,
    /// A stop string came up; it and what follows were not said.
    StopString,
    /// The maximum of tokens was reached.
    Length,
    /// The session's context is full.
    ContextFull,
    /// The caller stopped it.
    Cancelled,
    /// The model ended it with a stop token after calling at least one function.
    ToolCall,
}

/// Tokens of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt, the reused ones included.
    pub prompt_tokens: u32,
    /// Tokens at the start of the prompt that were in the cache already.
    pub reused_tokens: u32,
    /// Tokens of the answer, without the stop token.
    pub generated_tokens: u32,
    /// Those of them that were of thoughts, with the marks around them; 0 where the answer is not parsed.
    pub thinking_tokens: u32,
    /// Tokens that were guessed ([`crate::GenerateOptions::draft_max`]).
    pub drafted_tokens: u32,
    /// Those of them that were right.
    pub accepted_tokens: u32,
}

/// Seconds of an answer, spent in [`crate::Generation::next`]: what the caller does between events does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timings {
    /// Processing the prompt, up to and with the choice of the first token.
    pub prompt_seconds: f64,
    /// All tokens after the first.
    pub decode_seconds: f64,
    /// From [`crate::Session::generate`] to the first token on the caller's clock; 0 if none came.
    pub first_token_seconds: f64,
}
