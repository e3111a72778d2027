//! One token after the other: while the GPU is busy with a token, the host does what it can of the next.
//!
//! A token's commands are always the same, so that they are recorded ahead. Where nothing of a token comes from the host, they are
//! submitted ahead, too: the most likely token stays on the GPU for the step that follows, and the GPU has no pause while the
//! host reads it. A table in the file is what stands in the way: its rows are fetched for a token once it is known.

use crate::context::Context;
use crate::error::Error;
use crate::output::{Output, Want};
use gpu::Recorder;

/// Of a token's dispatches, the part that is submitted first where submitting takes time: the driver gets the others while the
/// GPU is busy with these. Handing over a dispatch takes Dawn a quarter of the time that running it takes a large GPU.
const FIRST_PART: usize = 5;

/// What was done of the next token ahead of it.
#[derive(Default)]
pub(crate) struct Ahead {
    /// Its commands and what they bring back.
    recorded: Option<(Want, Vec<Recorder>)>,
    /// A step that was submitted for it.
    begun: Option<Begun>,
    /// The token that the last step brought back.
    pub(crate) brought: Option<u32>,
}

/// A step under way for the most likely token of the step before.
struct Begun {
    /// That token, once it is known. If another one comes, the step was for nothing, and is done again over what it left.
    id: Option<u32>,
    /// The place in which its result lands.
    slot: usize,
}

impl Context {
    /// Processes a token at the current position.
    pub(crate) async fn run_token(&mut self, id: u32, want: Want, last: bool) -> Result<Output, Error> {
        let follows = want == Want::Token && self.ahead.brought.take() == Some(id);
        let begun = self.ahead.begun.take().filter(|begun| follows && begun.id == Some(id));
        let slot = match begun {
            Some(begun) => begun.slot,
            None => {
                self.write_inputs(&[id]).await?;
                self.submit_token(want);
                0
            }
        };
        self.reach = self.reach.max(self.position + 1);
        if want == Want::Nothing {
            self.model.device().wait().await?;
            return Ok(Output::default());
        }
        if follows && !last && self.per_layer_rows.is_none() && self.position + 2 <= self.capacity() {
            self.begin_next(1 - slot);
        } else {
            self.ahead.recorded = Some((want, self.record_token(want, 0, false)));
        }
        let output = self.collect(want, slot).await?;
        self.ahead.brought = output.token;
        // What the GPU took is not what is looked up for a placeholder.
        let taken = output.token.filter(|&id| self.embedded_ids(&[id]) == [id]);
        if let Some(begun) = &mut self.ahead.begun {
            begun.id = taken;
        }
        Ok(output)
    }

    /// Submits the commands of a token whose inputs are written.
    fn submit_token(&mut self, want: Want) {
        let parts = match self.ahead.recorded.take() {
            Some((prepared, parts)) if prepared == want => parts,
            _ => self.record_token(want, 0, false),
        };
        for part in parts {
            self.model.device().submit(part);
        }
    }

    /// Submits the step that follows the one under way.
    fn begin_next(&mut self, slot: usize) {
        self.write_step(self.position + 1, 1, 0);
        self.reach = self.reach.max(self.position + 2);
        for part in self.record_token(Want::Token, slot, true) {
            self.model.device().submit(part);
        }
        self.ahead.begun = Some(Begun { id: None, slot });
    }

    /// A token's commands, for the token that the step before leaves or for one that the host writes.
    fn record_token(&self, want: Want, slot: usize, left: bool) -> Vec<Recorder> {
        let device = self.model.device();
        let arena = &self.model.plan().arena;
        let ops: Vec<_> = self.decode.layers().iter().chain(self.decode.head(want)).collect();
        // What is submitted while the GPU is busy need not be divided.
        let first = if gpu::SUBMITTING_TAKES_TIME && !left { ops.len() / FIRST_PART } else { 0 };
        let mut parts = Vec::new();
        for (begin, end) in [(0, first), (first, ops.len())] {
            if begin == end {
                continue;
            }
            let mut recorder = device.recorder();
            if left {
                recorder.copy(self.buffer(arena.token), 0, self.buffer(arena.ids), 0, 4);
            }
            recorder.pass("token", |pass| ops[begin..end].iter().for_each(|op| op.record(pass, 1)));
            if end == ops.len() {
                self.record_result(&mut recorder, want, self.readback(want, slot), 0);
            }
            recorder.finish();
            parts.push(recorder);
        }
        parts
    }
}
