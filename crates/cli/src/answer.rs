//! An answer while it comes: text to standard output, thoughts to standard error.

use std::io::IsTerminal;

use engine::{Event, FinishReason, Finished, GenerateOptions, Logprobs, Session};
use serde::Serialize;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal::{note, print};

/// What is shown of an answer before it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// Its text.
    Text,
    /// Its text, and the thoughts before it.
    TextAndThoughts,
    /// Nothing.
    Nothing,
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The text.
    pub(crate) text: String,
    /// The thoughts.
    pub(crate) thinking: String,
    /// Every generated token.
    pub(crate) ids: Vec<u32>,
    /// How likely each of them was, if that was asked for.
    pub(crate) logprobs: Vec<Logprobs>,
}

/// An answer as `run --json` prints it.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    text: &'a str,
    thinking: &'a str,
    ids: &'a [u32],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    logprobs: &'a [Logprobs],
    #[serde(flatten)]
    finished: Finished,
}

/// Generates an answer to the prompt and shows it as it comes.
pub(crate) async fn stream(
    session: &mut Session,
    prompt: &[u32],
    options: &GenerateOptions,
    interrupt: &Interrupt,
    show: Show,
) -> Result<(Answer, Finished), Failure> {
    interrupt.stops(receive(session, prompt, options, interrupt, show)).await
}

async fn receive(
    session: &mut Session,
    prompt: &[u32],
    options: &GenerateOptions,
    interrupt: &Interrupt,
    show: Show,
) -> Result<(Answer, Finished), Failure> {
    let mut answer = Answer::default();
    let mut generation = session.generate(prompt, options, interrupt.cancel())?;
    while let Some(event) = generation.next().await? {
        match event {
            Event::Token { id, logprobs } => {
                answer.ids.push(id);
                answer.logprobs.extend(logprobs);
            }
            Event::Thinking(thought) => {
                if show == Show::TextAndThoughts {
                    note(&thought);
                }
                answer.thinking.push_str(&thought);
            }
            Event::Text(text) => {
                if show == Show::TextAndThoughts && answer.text.is_empty() && !answer.thinking.is_empty() {
                    note("\n\n");
                }
                if show != Show::Nothing {
                    print(&text)?;
                }
                answer.text.push_str(&text);
            }
            Event::ToolCall(call) => {
                note(&format!(
                    "the model calls {}({}), but was offered no tools\n",
                    call.name, call.arguments
                ));
            }
            Event::MalformedCall { raw, problem } => {
                note(&format!("the model's call `{raw}` is none: {problem}\n"))
            }
            Event::Finished(finished) => return Ok((answer, finished)),
        }
    }
    unreachable!("a generation ends with an event that says so")
}

/// On a terminal the shell's next line would follow the last word; a script gets the text and nothing else.
pub(crate) fn end_line(answer: &Answer) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() && !answer.text.ends_with('\n') {
        print("\n")?;
    }
    Ok(())
}

/// The line that `--verbose` shows.
pub(crate) fn timing_line(finished: &Finished) -> String {
    let Finished { usage, timings, .. } = finished;
    let rate = |tokens: u32, seconds: f64| if seconds > 0.0 { f64::from(tokens) / seconds } else { 0.0 };
    let processed = usage.prompt_tokens - usage.reused_tokens;
    // The first token comes out of the prompt's last step.
    let decoded = usage.generated_tokens.saturating_sub(1);
    format!(
        "prompt {} tokens ({} reused) in {:.3} s, {:.1} tok/s; first token after {:.3} s; answer {} tokens in {:.3} s, \
         {:.1} tok/s{}; {}\n",
        usage.prompt_tokens,
        usage.reused_tokens,
        timings.prompt_seconds,
        rate(processed, timings.prompt_seconds),
        timings.first_token_seconds,
        usage.generated_tokens,
        timings.decode_seconds,
        rate(decoded, timings.decode_seconds),
        match usage.drafted_tokens {
            0 => String::new(),
            drafted => format!(", {} of {drafted} guesses right", usage.accepted_tokens),
        },
        reason(finished.reason),
    )
}

impl<'a> Report<'a> {
    /// Joins an answer and how it ended.
    pub(crate) fn new(answer: &'a Answer, finished: &Finished) -> Report<'a> {
        Report {
            text: &answer.text,
            thinking: &answer.thinking,
            ids: &answer.ids,
            logprobs: &answer.logprobs,
            finished: *finished,
        }
    }
}

fn reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "ended by the model",
        FinishReason::StopString => "ended by a stop string",
        FinishReason::Length => "the most tokens allowed",
        FinishReason::ContextFull => "the context is full",
        FinishReason::Cancelled => "cancelled",
        FinishReason::ToolCall => "a tool call",
    }
}
