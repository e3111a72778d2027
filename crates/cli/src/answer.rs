//! An answer while it comes: text to standard output, thoughts to standard error.

use std::io::IsTerminal;

use engine::{Event, FinishReason, Finished, GenerateOptions, Logprobs, Sampling, Session};
use serde::Serialize;

use crate::failure::{Failure, in_context};
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
    seed: Option<u64>,
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
    let context_max = session.model().config().context;
    let mut generation =
        session.generate(prompt, options, interrupt.cancel()).map_err(in_context(context_max))?;
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

/// So much in each of these, such as tokens in a second; 0 where there are none, since JSON has no number for more than any.
pub(crate) fn ratio(amount: f64, of: f64) -> f64 {
    if of > 0.0 { amount / of } else { 0.0 }
}

/// What to say of an answer that ended because the context is full; `instead` is what else helps. A larger context is only
/// proposed where the model has one.
pub(crate) fn cut_short(session: &Session, instead: &str) -> String {
    let (context, context_max) = (session.capacity(), session.model().config().context);
    let larger = match context < context_max {
        true => format!("--context makes a longer one possible, up to {context_max}"),
        false => "which is the longest that this model has".to_owned(),
    };
    format!("the answer ends here: the context of {context} tokens is full; {larger}{instead}\n")
}

/// The seed with which an answer that was worth keeping can be had again; none where nothing is drawn.
fn seed(sampling: &Sampling) -> Option<u64> {
    (sampling.temperature > 0.0).then_some(sampling.seed)
}

/// The lines that `--verbose` shows.
pub(crate) fn timing_lines(finished: &Finished, sampling: &Sampling) -> String {
    let Finished { usage, timings, .. } = finished;
    let processed = usage.prompt_tokens - usage.reused_tokens;
    // The first token comes out of the prompt's last step.
    let decoded = usage.generated_tokens.saturating_sub(1);
    format!(
        "prompt {} tokens ({} reused) in {:.3} s, {:.1} tok/s; first token after {:.3} s; answer {} tokens in {:.3} s, \
         {:.1} tok/s{}; {}\n{}",
        usage.prompt_tokens,
        usage.reused_tokens,
        timings.prompt_seconds,
        ratio(f64::from(processed), timings.prompt_seconds),
        timings.first_token_seconds,
        usage.generated_tokens,
        timings.decode_seconds,
        ratio(f64::from(decoded), timings.decode_seconds),
        match usage.drafted_tokens {
            0 => String::new(),
            drafted => format!(", {} of {drafted} guesses right", usage.accepted_tokens),
        },
        reason(finished.reason),
        seed(sampling).map_or(String::new(), |seed| format!("seed {seed}\n")),
    )
}

impl<'a> Report<'a> {
    /// Joins an answer, how it was drawn and how it ended.
    pub(crate) fn new(answer: &'a Answer, sampling: &Sampling, finished: &Finished) -> Report<'a> {
        Report {
            text: &answer.text,
            thinking: &answer.thinking,
            ids: &answer.ids,
            logprobs: &answer.logprobs,
            seed: seed(sampling),
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
