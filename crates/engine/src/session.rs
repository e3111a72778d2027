//! One sequence of tokens with its KV cache.

use crate::generate::{GenerateOptions, Generation};
use crate::{Cancel, Error, Model};
use gemma4::{Context, Output, Path, Stage, Want};
use serde::Serialize;

/// A sequence and its cache. Whatever happens to the work on it (an error, a cancellation, a future dropped half way),
/// [`Session::tokens`] are those that the cache holds, and the session goes on from there: after a fault of the GPU, and after
/// numbers that are none, from the start.
pub struct Session {
    model: Model,
    context: Context,
    /// The first `context.position()` of these are in the cache. Tokens are noted before they are processed, so that a
    /// step that ends between its await points leaves the two in agreement.
    tokens: Vec<u32>,
}

/// What a stage of a chunk or of a decoded token costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StageCost {
    /// The stage's name.
    pub stage: &'static str,
    /// Dispatches.
    pub dispatches: usize,
    /// Bytes of weights that its products read.
    pub weight_bytes: u64,
    /// Seconds of one round.
    pub seconds: f64,
}

impl Session {
    pub(crate) fn new(model: Model, context: Context) -> Session {
        Session { model, context, tokens: Vec::new() }
    }

    /// Tokens in the cache.
    pub fn position(&self) -> u32 {
        self.context.position()
    }

    /// The tokens in the cache.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens[..self.position() as usize]
    }

    /// Tokens that the cache holds at most.
    pub fn capacity(&self) -> u32 {
        self.context.capacity()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Dispatches of a decoded token.
    pub fn dispatches_per_token(&self) -> usize {
        self.context.dispatches_per_token()
    }

    /// What each stage that the model has costs, of a whole chunk or of a decoded token, measured over `rounds` of it. The sum
    /// is less than the whole takes: a stage by itself finds its code and its small buffers in the caches. The session is empty
    /// afterwards.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub async fn time_stages(&mut self, path: Path, rounds: u32) -> Result<Vec<StageCost>, Error> {
        let mut costs = Vec::new();
        for stage in Stage::ALL {
            if self.context.cost_of(path, stage).0 > 0 {
                costs.push(self.time_stage(path, stage, rounds).await?);
            }
        }
        Ok(costs)
    }

    async fn time_stage(&mut self, path: Path, stage: Stage, times: u32) -> Result<StageCost, Error> {
        self.reset();
        self.context.repeat(path, stage, 1).await?;
        let start = web_time::Instant::now();
        self.context.repeat(path, stage, times).await?;
        let seconds = start.elapsed().as_secs_f64() / f64::from(times.max(1));
        let (dispatches, weight_bytes) = self.context.cost_of(path, stage);
        Ok(StageCost { stage: stage.name(), dispatches, weight_bytes, seconds })
    }

    /// Logits (ids, vocabulary) for a sequence from its start; what the session held is forgotten first.
    /// [`Path::Prompt`] takes the tokens in chunks, [`Path::Decode`] one by one.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`]; [`Error::Model`] for a token outside the vocabulary, too many tokens, or more logits than this
    /// process has memory for; [`Error::Cancelled`] if that was so before: all these leave the session as it was. Later
    /// [`Error::Cancelled`], and [`Error::Read`] if the per-layer table is streamed and its source fails; [`Error::Gpu`], after which
    /// the session is empty.
    pub async fn logits(&mut self, ids: &[u32], path: Path, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        self.check(ids)?;
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let room = gemma4::room_for_logits(ids.len(), self.model.config().vocabulary)?;
        self.reset();
        self.note(ids);
        match path {
            Path::Prompt => {
                // The prompt path asks for the same room by itself.
                drop(room);
                Ok(self.prompt(ids, Want::AllLogits, cancel).await?.logits)
            }
            Path::Decode => {
                let logits = self.decoded_logits(ids, room, cancel).await;
                self.rest();
                logits
            }
        }
    }

    async fn decoded_logits(
        &mut self,
        ids: &[u32],
        mut logits: Vec<f32>,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        for &id in ids {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            logits.extend(self.decode(id, Want::Logits, false).await?.logits);
        }
        Ok(logits)
    }

    /// Starts an answer to `prompt`, the whole sequence so far. What it has in common with the tokens in the cache is
    /// reused as far as the cache can go back; at least its last token is processed, since that gives the first logits.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`]; [`Error::Model`] for a token outside the vocabulary or a prompt longer than the context;
    /// [`Error::Option`]. The session is as it was then.
    pub fn generate(
        &mut self,
        prompt: &[u32],
        options: &GenerateOptions,
        cancel: &Cancel,
    ) -> Result<Generation<'_>, Error> {
        self.check(prompt)?;
        options.check(self.model.config().vocabulary)?;
        self.model.device().ledger().phase("generate");
        Ok(Generation::new(self, prompt, options, cancel))
    }

    /// Keeps what the cache and a prompt have in common, but for the prompt's last token; gives how many tokens that is.
    pub(crate) fn reuse(&mut self, prompt: &[u32]) -> u32 {
        let common = self.tokens().iter().zip(prompt).take_while(|(kept, wanted)| kept == wanted).count();
        if !self.truncate(common.min(prompt.len() - 1) as u32) {
            self.reset();
        }
        self.position()
    }

    /// Forgets all tokens from `len` on. A sliding layer's ring may no longer hold what the token before `len` saw; then
    /// nothing changes and the answer is false, as for a `len` beyond the last token.
    pub fn truncate(&mut self, len: u32) -> bool {
        if len >= self.position() {
            return len == self.position();
        }
        self.context.truncate(len)
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        assert!(self.truncate(0), "an empty cache is always possible");
    }

    /// Processes noted tokens on the prompt path.
    pub(crate) async fn prompt(&mut self, ids: &[u32], want: Want, cancel: &Cancel) -> Result<Output, Error> {
        let output = self.context.prompt(ids, want, &|| cancel.is_cancelled()).await;
        self.trusted(output)
    }

    /// Processes one noted token on the decode path; the last one before a pause.
    pub(crate) async fn decode(&mut self, id: u32, want: Want, last: bool) -> Result<Output, Error> {
        let output = match last {
            true => self.context.decode_last(id, want).await,
            false => self.context.decode(id, want).await,
        };
        self.trusted(output)
    }

    /// What a step came to. A fault of the GPU may be of work that was counted already, so nothing of the cache is trusted after it.
    fn trusted<T>(&mut self, outcome: Result<T, gemma4::Error>) -> Result<T, Error> {
        outcome.map_err(|error| {
            let error = Error::from(error);
            if matches!(error, Error::Gpu(_)) {
                self.reset();
            }
            error
        })
    }

    /// Most guesses of one [`Session::verify`].
    pub(crate) fn draft_max(&self) -> u32 {
        self.model.plan().options.chunk - 1
    }

    /// Processes a noted token and noted guesses of those that follow it; the guesses are not in the sequence until
    /// [`Session::accept`] takes them, one by one.
    pub(crate) async fn verify(
        &mut self,
        ids: &[u32],
        want: Want,
        cancel: &Cancel,
    ) -> Result<Vec<Output>, Error> {
        let outputs = self.context.verify(ids, want, &|| cancel.is_cancelled()).await;
        self.trusted(outputs)
    }

    /// Takes the next guess into the sequence.
    pub(crate) fn accept(&mut self) {
        self.context.accept();
    }

    /// Ends a row of decoded tokens.
    pub(crate) fn rest(&mut self) {
        self.context.rest();
    }

    /// Notes the tokens that are to be processed next; gives the sequence as it will be.
    pub(crate) fn note(&mut self, ids: &[u32]) -> &[u32] {
        self.tokens.truncate(self.context.position() as usize);
        self.tokens.extend_from_slice(ids);
        &self.tokens
    }

    /// Notes guesses besides.
    pub(crate) fn note_more(&mut self, ids: &[u32]) {
        self.tokens.extend_from_slice(ids);
    }

    /// The tokens in the cache and those noted.
    pub(crate) fn noted(&self) -> &[u32] {
        &self.tokens
    }

    /// Says which tokens' logits [`Want::Best`] is to bring besides the best.
    pub(crate) fn ask(&mut self, ids: &[u32]) -> Result<(), Error> {
        Ok(self.context.ask(ids)?)
    }

    fn check(&self, ids: &[u32]) -> Result<(), Error> {
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        let vocabulary = self.model.config().vocabulary;
        if let Some(&id) = ids.iter().find(|&&id| id >= vocabulary) {
            return Err(gemma4::Error::Token { id, vocabulary }.into());
        }
        let (needed, context) = (ids.len() as u64, self.capacity());
        if needed > u64::from(context) {
            return Err(gemma4::Error::ContextFull { needed, context }.into());
        }
        Ok(())
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Replaces cache and tokens. If the two do not fit each other the session is empty afterwards.
    pub(crate) async fn replace(&mut self, tokens: Vec<u32>, cache: &[u8]) -> Result<(), Error> {
        self.context.restore(cache).await?;
        if self.context.position() as usize != tokens.len() {
            let problem = format!("{} tokens beside a cache of {}", tokens.len(), self.context.position());
            assert!(self.context.truncate(0), "an empty cache is always possible");
            self.tokens.clear();
            return Err(Error::State { problem });
        }
        self.tokens = tokens;
        Ok(())
    }
}
