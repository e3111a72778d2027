//! A prompt, chunk by chunk.

use crate::context::Context;
use crate::error::Error;
use crate::output::{Output, Want};
use crate::room::room_for_logits;
use gpu::Readback;
use kernels::op::Step;
use std::ops::Range;
use std::pin::Pin;

/// Layers submitted at once on the prompt path: between two such pieces a cancellation is seen. A wait costs 0.1 to
/// 0.3 ms, so that fewer layers would be felt on fast adapters, and more on slow ones by who waits for a stop.
const LAYERS_PER_SUBMIT: usize = 4;

/// Rows whose heads are submitted at once: drivers have time limits, and slow adapters take long for a large vocabulary.
const HEADS_PER_SUBMIT: usize = 16;
const STEP_BYTES: u64 = size_of::<Step>() as u64;

/// Ends when the GPU has done a piece of a prompt.
pub(crate) type Passing = Pin<Box<dyn Future<Output = Result<(), gpu::Error>>>>;

impl Context {
    /// Processes tokens in chunks on the prompt path. `cancelled` is asked between pieces of the work; when it says
    /// yes, the tokens of the chunk under way are not counted and the context stays usable.
    pub async fn prompt(
        &mut self,
        ids: &[u32],
        want: Want,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Output, Error> {
        self.check(ids)?;
        let mut output = Output::default();
        if want == Want::AllLogits {
            output.logits = room_for_logits(ids.len(), self.model.config().vocabulary)?;
        }
        let chunk = self.model.plan().options.chunk as usize;
        let chunks = ids.len().div_ceil(chunk);
        for (n, ids) in ids.chunks(chunk).enumerate() {
            let want = match want {
                Want::AllLogits => want,
                _ if n + 1 < chunks => Want::Nothing,
                _ => want,
            };
            let rows = ids.len() as u32;
            let first = if want == Want::AllLogits { 0 } else { rows - 1 };
            for part in self.step(ids, first, want, cancelled).await? {
                output.logits.extend(part.logits);
                output = Output { logits: output.logits, ..part };
            }
            self.position += rows;
        }
        self.ahead.brought = output.token;
        if want == Want::Nothing {
            self.model.device().wait().await?;
        }
        Ok(output)
    }

    /// Processes a token and guesses of those that follow it, at most a chunk in all, and gives what each of them brings. Only the
    /// first is part of the sequence then; [`Context::accept`] takes the others into it, one by one.
    pub async fn verify(
        &mut self,
        ids: &[u32],
        want: Want,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Output>, Error> {
        self.check(ids)?;
        let chunk = self.model.plan().options.chunk as usize;
        assert!(ids.len() <= chunk, "{} tokens to verify in a chunk of {chunk}", ids.len());
        let outputs = self.step(ids, 0, want, cancelled).await?;
        self.position += 1;
        self.guesses = ids.len() as u32 - 1;
        Ok(outputs)
    }

    /// Takes the next guess of [`Context::verify`] into the sequence.
    ///
    /// # Panics
    /// When none is left, or anything else was done to the sequence since.
    pub fn accept(&mut self) {
        self.guesses = self.guesses.checked_sub(1).expect("a guess is left");
        self.position += 1;
    }

    /// A chunk, and what its rows from `first` on bring. The position stays.
    async fn step(
        &mut self,
        ids: &[u32],
        first: u32,
        want: Want,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Output>, Error> {
        self.rest();
        let rows = self.write_inputs(ids).await?;
        self.reach = self.reach.max(self.position + rows);
        self.record_prompt(rows, cancelled).await?;
        self.head_rows(first, rows, want, cancelled).await
    }

    /// All layers, in pieces so that a cancellation is seen and no driver's time limit is met. The last two pieces are not waited
    /// for: the next chunk's rows of the per-layer table are fetched meanwhile.
    async fn record_prompt(&mut self, rows: u32, cancelled: &dyn Fn() -> bool) -> Result<(), Error> {
        let layers = self.prompt.layer_ends.len();
        let mut done = 0;
        for layer in 0..layers {
            let last = layer + 1 == layers;
            if !last && (layer + 1) % LAYERS_PER_SUBMIT != 0 {
                continue;
            }
            if cancelled() {
                return Err(Error::Cancelled);
            }
            let end = self.prompt.layer_ends[layer];
            self.submit(&self.prompt.ops[done..end], rows, "prompt");
            done = end;
            // One piece is in hand while the one before it is waited for, so that the GPU has no pause between them. A model of few
            // layers may be one piece a chunk, so this goes by what is in hand of all chunks.
            self.in_hand.push_back(Box::pin(self.model.device().passed()));
            let allowed = if last { 2 } else { 1 };
            while self.in_hand.len() > allowed {
                self.in_hand.pop_front().expect("one is left").await?;
            }
        }
        Ok(())
    }

    /// The head over the rows of a chunk from `first` on. As many results as fit the readback are waited for at once.
    async fn head_rows(
        &self,
        first: u32,
        rows: u32,
        want: Want,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Output>, Error> {
        let mut outputs = Vec::new();
        if want == Want::Nothing {
            return Ok(outputs);
        }
        let bytes = want.bytes(self.model.config().vocabulary);
        let readback = if first + 1 == rows { self.readback(want, 0) } else { &self.readback };
        let at_once = (readback.bytes() / bytes) as u32;
        for begin in (first..rows).step_by(at_once as usize) {
            if begin > first && cancelled() {
                return Err(Error::Cancelled);
            }
            let end = rows.min(begin + at_once);
            for submitted in (begin..end).step_by(HEADS_PER_SUBMIT) {
                let of_submit = submitted..end.min(submitted + HEADS_PER_SUBMIT as u32);
                self.submit_heads(of_submit, rows, want, readback, bytes * u64::from(submitted - begin));
            }
            let take = |read: &[u8]| {
                let results = read.chunks_exact(bytes as usize);
                outputs.extend(results.map(|result| Output::of(want, result, &self.asked)));
            };
            readback.read_with(bytes * u64::from(end - begin), take).await?;
        }
        Ok(outputs)
    }

    /// The head over some rows of a chunk of `rows`; what it brings goes to the readback from `at` on.
    fn submit_heads(&self, of: Range<u32>, rows: u32, want: Want, readback: &Readback, at: u64) {
        let (device, arena) = (self.model.device(), &self.model.plan().arena);
        // The head's commands read their row from the step's uniform. The uniforms wait in x, which no head reads.
        let step = |row| Step { rows, position: self.position, row, reserved: 0 };
        let steps: Vec<Step> = of.map(step).collect();
        let (waiting, uniform) = (self.buffer(arena.x), self.buffer(arena.step));
        device.write(waiting, 0, bytemuck::cast_slice(&steps));
        let mut recorder = device.recorder();
        for n in 0..steps.len() as u64 {
            recorder.copy(waiting, n * STEP_BYTES, uniform, 0, STEP_BYTES);
            recorder.pass("head", |pass| self.prompt.head(want).for_each(|op| op.record(pass, 1)));
            self.record_result(
                &mut recorder,
                want,
                readback,
                at + n * want.bytes(self.model.config().vocabulary),
            );
        }
        device.submit(recorder);
    }
}
