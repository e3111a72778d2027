//! One answer: prompt, then token by token.

use crate::answer::{Answer, Heard};
use crate::event::{Event, FinishReason, Finished, Timings, Usage};
use crate::lookup::Lookup;
use crate::sampling::{Logprobs, Sampler, Sampling, TOP_LOGPROBS_MAX, log_sum, scored};
use crate::{Cancel, Error, Session};
use gemma4::{Output, Want};
use prompt::Tokenizer;
use std::collections::VecDeque;
use std::rc::Rc;
use web_time::Instant;

/// Most stop strings of one answer; each is looked for in every piece of text.
const STOP_STRINGS_MAX: usize = 64;
/// Most bytes of a stop string.
const STOP_BYTES_MAX: usize = 1024;

/// How to answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenerateOptions {
    /// Most tokens of the answer; none for as many as the context holds.
    pub max_tokens: Option<u32>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The answer ends before the first of these strings, which are looked for in its text and not in thoughts or
    /// function calls. At most 64, each of 1 to 1024 bytes.
    pub stop: Vec<String>,
    /// Tokens that end the answer; none for those of the model, an empty list for an answer that no token ends.
    pub stop_tokens: Option<Vec<u32>>,
    /// What becomes of the model's own marks.
    pub parse: ParseAnswer,
    /// None for no [`Logprobs`]; otherwise each token comes with its own and with those of so many likeliest tokens, 0 to 20.
    pub top_logprobs: Option<u32>,
    /// Most tokens that are guessed from what the sequence said before and verified in one step (speculative decoding by prompt
    /// look-up), as many as a chunk holds less one; 0 for none. The answer is the same but for rounding, which is that of prompts.
    /// Meant for answers that repeat long stretches of their prompt. Nothing is guessed where more of each token is asked for than the
    /// 256 likeliest: with a penalty, more biases than that leave room for, or, at a temperature above 0, a `top_k` of 0 or above 256.
    pub draft_max: u32,
}

/// What becomes of the marks in which the model thinks and calls functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParseAnswer {
    /// Everything is text, the marks included.
    Raw,
    /// Thoughts and calls become events of their own. Whether the answer begins in a thought is told by the prompt.
    #[default]
    Gemma,
}

impl GenerateOptions {
    pub(crate) fn check(&self, vocabulary: u32) -> Result<(), Error> {
        let option =
            |what, value: usize, allowed| Err(Error::Option { what, value: value.to_string(), allowed });
        if self.stop.len() > STOP_STRINGS_MAX {
            return option(
                "a number of stop strings",
                self.stop.len(),
                format!("at most {STOP_STRINGS_MAX}"),
            );
        }
        for stop in &self.stop {
            if stop.is_empty() || stop.len() > STOP_BYTES_MAX {
                return option(
                    "a stop string's length in bytes",
                    stop.len(),
                    format!("1 to {STOP_BYTES_MAX}"),
                );
            }
        }
        if let Some(top) = self.top_logprobs.filter(|&top| top > TOP_LOGPROBS_MAX) {
            return option("a number of top logprobs", top as usize, format!("at most {TOP_LOGPROBS_MAX}"));
        }
        self.sampling.check(vocabulary)
    }
}

/// An answer in the making; it holds its session. Dropping it early leaves the session usable, with the tokens that were
/// processed.
pub struct Generation<'a> {
    session: &'a mut Session,
    cancel: Cancel,
    tokenizer: Rc<Tokenizer>,
    sampler: Sampler,
    answer: Answer,
    stop_tokens: Vec<u32>,
    max_tokens: u32,
    top_logprobs: Option<u32>,
    draft_max: usize,
    lookup: Lookup,
    events: VecDeque<Event>,
    stage: Stage,
    usage: Usage,
    timings: Timings,
    ended: Option<FinishReason>,
    begun: Instant,
}

enum Stage {
    /// This prompt is to be processed, but for what the cache holds of it.
    Prompt(Vec<u32>),
    /// This token was chosen and is to be processed.
    Decode(u32),
    Done,
}

impl Drop for Generation<'_> {
    /// However an answer ends, what was prepared for its next token is given up: as long as it is there, no buffer is freed.
    fn drop(&mut self) {
        self.session.rest();
    }
}

impl<'a> Generation<'a> {
    pub(crate) fn new(
        session: &'a mut Session,
        prompt: &[u32],
        options: &GenerateOptions,
        cancel: &Cancel,
    ) -> Generation<'a> {
        let tokenizer = Rc::clone(session.model().file().tokenizer());
        Generation {
            sampler: Sampler::new(&options.sampling),
            answer: Answer::new(&tokenizer, options.parse, prompt, &options.stop),
            stop_tokens: options.stop_tokens.clone().unwrap_or_else(|| tokenizer.stops().to_vec()),
            max_tokens: options.max_tokens.unwrap_or(u32::MAX),
            top_logprobs: options.top_logprobs,
            draft_max: options.draft_max.min(session.draft_max()) as usize,
            lookup: Lookup::default(),
            events: VecDeque::new(),
            stage: Stage::Prompt(prompt.to_vec()),
            usage: Usage { prompt_tokens: prompt.len() as u32, ..Usage::default() },
            timings: Timings::default(),
            ended: None,
            begun: Instant::now(),
            cancel: cancel.clone(),
            tokenizer,
            session,
        }
    }

    /// The next event; none after [`Event::Finished`].
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the logits are no numbers, [`Error::Gpu`] if the device fails, [`Error::Read`] if the
    /// per-layer table is streamed and its source fails. Nothing follows an error; the session stays usable unless its
    /// device is lost, and is empty after the first two. A cancellation is not an error but [`FinishReason::Cancelled`].
    #[allow(clippy::should_implement_trait, reason = "an iterator cannot be awaited")]
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Done => return Ok(None),
                Stage::Prompt(ids) => self.process(&ids).await?,
                Stage::Decode(id) => self.process(&[id]).await?,
            }
        }
    }

    /// Processes tokens, chooses those that follow them and says them. The end is said last, so that its timings are of all.
    async fn process(&mut self, ids: &[u32]) -> Result<(), Error> {
        let start = Instant::now();
        let first = self.usage.generated_tokens == 0;
        self.advance(ids, first).await?;
        if self.ended != Some(FinishReason::Cancelled) {
            let seconds = start.elapsed().as_secs_f64();
            if first {
                self.timings.prompt_seconds = seconds;
                if self.usage.generated_tokens > 0 {
                    self.timings.first_token_seconds = self.begun.elapsed().as_secs_f64();
                }
            } else {
                self.timings.decode_seconds += seconds;
            }
        }
        if let Some(reason) = self.ended {
            self.session.rest();
            self.events.push_back(Event::Finished(Finished {
                reason,
                usage: self.usage,
                timings: self.timings,
            }));
        }
        Ok(())
    }

    async fn advance(&mut self, ids: &[u32], first: bool) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            self.finish(FinishReason::Cancelled);
            return Ok(());
        }
        let mut ids = ids;
        if first {
            // Not before: an answer that does not begin takes nothing from the cache.
            self.usage.reused_tokens = self.session.reuse(ids);
            ids = &ids[self.usage.reused_tokens as usize..];
        }
        let vocabulary = self.session.model().config().vocabulary;
        let (mut want, asked) = self.sampler.needs(self.session.note(ids), vocabulary);
        if want == Want::Token && self.top_logprobs.is_some() {
            want = Want::Best;
        }
        self.session.ask(&asked)?;
        let result = match first {
            true => {
                self.session.prompt(ids, want, &self.cancel).await.map(|output| (vec![output], Vec::new()))
            }
            false => self.step(ids[0], want).await,
        };
        match result {
            Ok((outputs, guesses)) => {
                let heard = self.hear(want, outputs, &guesses);
                if heard.is_err() {
                    // What gave no numbers may lie in the cache.
                    self.session.reset();
                }
                heard
            }
            Err(Error::Cancelled) => {
                self.finish(FinishReason::Cancelled);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Processes a token, and what is guessed to follow it.
    async fn step(&mut self, id: u32, want: Want) -> Result<(Vec<Output>, Vec<u32>), Error> {
        let left = self.max_tokens.saturating_sub(self.usage.generated_tokens);
        let place = match self.draft_max > 0 && want != Want::Logits && !self.sampler.penalizes() {
            true => self.lookup.find(self.session.noted(), self.draft_max),
            false => None,
        };
        let room = (self.session.capacity() - self.session.position()).saturating_sub(1);
        let most = self.draft_max.min(room as usize).min(left.saturating_sub(1) as usize);
        let guesses = place.as_ref().map(|place| place.guess(self.session.noted(), most)).unwrap_or_default();
        if guesses.is_empty() {
            // Where guesses are near, no step is begun for the next token alone.
            let last = left <= 1 || place.is_some();
            return Ok((vec![self.session.decode(id, want, last).await?], guesses));
        }
        self.usage.drafted_tokens += guesses.len() as u32;
        self.session.note_more(&guesses);
        let ids = [&[id], guesses.as_slice()].concat();
        Ok((self.session.verify(&ids, want, &self.cancel).await?, guesses))
    }

    /// Chooses what each output says and says it, as long as it is what was guessed.
    fn hear(&mut self, want: Want, outputs: Vec<Output>, guesses: &[u32]) -> Result<(), Error> {
        for (n, output) in outputs.into_iter().enumerate() {
            let (id, logprobs) = self.choose(want, output)?;
            self.say(id, logprobs);
            match (&self.stage, guesses.get(n)) {
                (Stage::Decode(said), Some(guess)) if said == guess => {
                    self.session.accept();
                    self.usage.accepted_tokens += 1;
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn choose(&mut self, want: Want, output: Output) -> Result<(u32, Option<Logprobs>), Error> {
        let failed = Error::NotFinite { position: self.session.position() - 1 };
        let logits = match want {
            Want::Token => {
                let vocabulary = self.session.model().config().vocabulary;
                let chosen = output.token.filter(|&id| id < vocabulary);
                return chosen.map(|id| (id, None)).ok_or(failed);
            }
            Want::Best => output.best,
            _ => scored(&output.logits),
        };
        // Choosing edits the logits; what is told of them is what the model gave.
        let given = self.top_logprobs.map(|top| (top, logits.clone()));
        let id = self.sampler.choose(logits, self.session.tokens()).ok_or(failed)?;
        let logprobs = given.map(|(top, logits)| {
            let log_sum = if want == Want::Best { output.log_sum } else { log_sum(&output.logits) };
            Logprobs::new(logits, log_sum, id, top)
        });
        Ok((id, logprobs))
    }

    /// Says a token and decides what comes next.
    fn say(&mut self, id: u32, logprobs: Option<Logprobs>) {
        if self.max_tokens == 0 {
            return self.finish(FinishReason::Length);
        }
        if self.stop_tokens.contains(&id) {
            return self.finish(FinishReason::Stop);
        }
        self.usage.generated_tokens += 1;
        self.events.push_back(Event::Token { id, logprobs });
        let heard = self.answer.push(&self.tokenizer, id, &mut self.events);
        self.usage.thinking_tokens = self.answer.thinking_tokens();
        if heard == Heard::StopString {
            self.end(FinishReason::StopString);
        } else if self.usage.generated_tokens >= self.max_tokens {
            self.finish(FinishReason::Length);
        } else if self.session.position() >= self.session.capacity() {
            self.finish(FinishReason::ContextFull);
        } else {
            self.stage = Stage::Decode(id);
        }
    }

    /// Says what was held back, which may be the end of a stop string after all, and ends.
    fn finish(&mut self, reason: FinishReason) {
        match self.answer.finish(&mut self.events) {
            Heard::StopString => self.end(FinishReason::StopString),
            // A call that was not closed is one of those that were held back.
            Heard::More if reason == FinishReason::Stop && self.answer.called() => {
                self.end(FinishReason::ToolCall)
            }
            Heard::More => self.end(reason),
        }
    }

    fn end(&mut self, reason: FinishReason) {
        self.stage = Stage::Done;
        self.ended = Some(reason);
    }
}
