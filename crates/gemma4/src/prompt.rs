//! A prompt, chunk by chunk.

use crate::context::Context;
use crate::error::Error;
use crate::output::{Output, Want};
use std::pin::Pin;

/// Layers submitted at once on the prompt path: between two such pieces a cancellation is seen. A wait costs 0.1 to
/// 0.3 ms, so that fewer layers would be felt on fast adapters, and more on slow ones by who waits for a stop.
const LAYERS_PER_SUBMIT: usize = 4;

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
        let chunk = self.model.plan().options.chunk as usize;
        let chunks = ids.len().div_ceil(chunk);
        for (n, ids) in ids.chunks(chunk).enumerate() {
            let want = match want {
                Want::AllLogits => want,
                _ if n + 1 < chunks => Want::Nothing,
                _ => want,
            };
            let part = self.step(ids, want, cancelled).await?;
            output.logits.extend(part.logits);
            output = Output { logits: output.logits, ..part };
        }
        if want == Want::Nothing {
            self.model.device().wait().await?;
        }
        Ok(output)
    }

    /// A chunk on the prompt path.
    async fn step(&mut self, ids: &[u32], want: Want, cancelled: &dyn Fn() -> bool) -> Result<Output, Error> {
        self.rest();
        let rows = self.write_inputs(ids).await?;
        self.reach = self.reach.max(self.position + rows);
        self.record_prompt(rows, cancelled).await?;
        let output = self.head_rows(rows, want).await?;
        self.ahead.brought = output.token;
        self.position += rows;
        Ok(output)
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

    /// The head over the rows that are wanted, one submit each.
    async fn head_rows(&self, rows: u32, want: Want) -> Result<Output, Error> {
        let first = if want == Want::AllLogits { 0 } else { rows - 1 };
        let mut output = Output::default();
        if want == Want::Nothing {
            return Ok(output);
        }
        for row in first..rows {
            self.write_step(self.position, rows, row);
            let mut recorder = self.model.device().recorder();
            recorder.pass("head", |pass| self.prompt.head(want).for_each(|op| op.record(pass, 1)));
            self.record_result(&mut recorder, want, 0);
            self.model.device().submit(recorder);
            self.collect(want, 0, &mut output).await?;
        }
        Ok(output)
    }
}
