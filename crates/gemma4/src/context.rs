//! A sequence on the GPU: KV cache, activations and the prepared passes over them.

use crate::config::Attention;
use crate::decode::Ahead;
use crate::error::Error;
use crate::forward::{Pass, Path, Stage};
use crate::model::Model;
use crate::output::{Output, Want};
use crate::per_layer_rows::PerLayerRows;
use crate::plan::{Plan, PlannedBuffer};
use crate::prompt::Passing;
use crate::rewind::can_rewind;
use gpu::{Account, Buffer, Device, Readback, Recorder, Shader, Usage};
use kernels::head_norm_rope::rope_table;
use kernels::op::{Op, Step};
use kernels::top_k;
use std::collections::VecDeque;
use std::rc::Rc;

/// A sequence of tokens and its state on the GPU.
pub struct Context {
    /// What was done of the next token while the GPU was busy with the token before.
    pub(crate) ahead: Ahead,
    /// The ids that [`Want::Best`] brings besides, as they are on the GPU.
    pub(crate) asked: Vec<u32>,
    pub(crate) model: Rc<Model>,
    buffers: Vec<Option<Buffer>>,
    pub(crate) readback: Readback,
    /// For a single token's id: the next one's may be on its way while one is read.
    token_readbacks: [Readback; 2],
    pub(crate) prompt: Pass,
    pub(crate) decode: Pass,
    /// Where the rows of a table that stays in the file come from.
    pub(crate) per_layer_rows: Option<PerLayerRows>,
    /// The pieces of a prompt that were submitted and not waited for, the oldest first.
    pub(crate) in_hand: VecDeque<Passing>,
    /// Tokens in the caches after the sequence's last that [`Context::accept`] may take into it.
    pub(crate) guesses: u32,
    pub(crate) position: u32,
    /// End of the furthest position written since the sequence was empty: what the rings have overwritten goes by this,
    /// also when a chunk was cancelled or the sequence cut.
    pub(crate) reach: u32,
}

/// A context's buffers of the plan, but for readbacks.
fn create_buffers(device: &Device, plan: &Plan) -> Result<Vec<Option<Buffer>>, gpu::Error> {
    let create = |planned: &PlannedBuffer| {
        let usage = match planned.account {
            Account::Weights | Account::Embeddings | Account::Staging => return Ok(None),
            Account::Uniforms => Usage::Uniform,
            _ => Usage::Storage,
        };
        device.buffer(&planned.name, planned.account, planned.bytes, usage).map(Some)
    };
    plan.buffers.iter().map(create).collect()
}

/// The shaders of a context of this model. The buffers that they are bound to are made for this and given back.
pub(crate) async fn shaders(model: &Model) -> Result<Vec<Shader>, Error> {
    let device = model.device();
    let buffers = device.guarded(|| create_buffers(device, model.plan())).await?;
    let listing = device.listing();
    for path in [Path::Prompt, Path::Decode] {
        Pass::new(&listing, model, &buffers, path)?;
    }
    Ok(listing.take_listed())
}

impl Context {
    /// Most ids that [`Context::ask`] takes.
    pub const ASKED_MAX: usize = top_k::ASKED as usize;

    /// Allocates the plan's cache and activations and prepares every dispatch.
    pub async fn new(model: Rc<Model>) -> Result<Context, Error> {
        let device = model.device();
        let plan = model.plan();
        let create = || {
            let buffers = create_buffers(device, plan)?;
            let readback = |index: usize| {
                let planned = &plan.buffers[index];
                device.readback(&planned.name, planned.bytes)
            };
            let [first, second] = plan.arena.token_readbacks;
            Ok((buffers, readback(plan.arena.readback)?, [readback(first)?, readback(second)?]))
        };
        let (buffers, readback, token_readbacks) = device.guarded(create).await?;
        let passes = || {
            let pass = |path| Pass::new(device, &model, &buffers, path);
            Ok((pass(Path::Prompt)?, pass(Path::Decode)?))
        };
        let (prompt, decode) = device.guarded(passes).await?;
        let (checkpoint, chunk) = (model.checkpoint(), plan.options.chunk);
        let per_layer_rows = plan.arena.per_layer_rows.and_then(|_| PerLayerRows::new(checkpoint, chunk));
        let context = Context {
            ahead: Ahead::default(),
            asked: Vec::new(),
            model,
            buffers,
            readback,
            token_readbacks,
            prompt,
            decode,
            per_layer_rows,
            in_hand: VecDeque::new(),
            guesses: 0,
            position: 0,
            reach: 0,
        };
        context.write_rope_tables();
        context.write_row_numbers();
        // A driver that refuses them says so here, and not in an answer.
        context.model.device().wait().await?;
        Ok(context)
    }

    /// The model.
    pub fn model(&self) -> &Rc<Model> {
        &self.model
    }

    /// Tokens in the cache.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Tokens the cache holds at most.
    pub fn capacity(&self) -> u32 {
        self.model.plan().options.context
    }

    /// Processes one token on the decode path: one submit.
    ///
    /// A caller who hands in the most likely token of the step before gets ahead: where nothing of a token comes from the host,
    /// the step that follows is submitted before the result of this one is waited for.
    pub async fn decode(&mut self, id: u32, want: Want) -> Result<Output, Error> {
        self.decode_one(id, want, false).await
    }

    /// As [`Context::decode`], for a caller who knows that no step follows: none is begun ahead.
    pub async fn decode_last(&mut self, id: u32, want: Want) -> Result<Output, Error> {
        self.decode_one(id, want, true).await
    }

    async fn decode_one(&mut self, id: u32, want: Want, last: bool) -> Result<Output, Error> {
        self.check(&[id])?;
        self.guesses = 0;
        let output = self.run_token(id, want, last).await?;
        self.position += 1;
        Ok(output)
    }

    /// Says whose logits [`Want::Best`] is to bring besides the best, from now on.
    ///
    /// # Errors
    /// [`Error::Token`] for an id outside the vocabulary.
    ///
    /// # Panics
    /// When there are more than [`Context::ASKED_MAX`].
    pub fn ask(&mut self, ids: &[u32]) -> Result<(), Error> {
        assert!(
            ids.len() <= Context::ASKED_MAX,
            "{} ids asked for, at most {}",
            ids.len(),
            Context::ASKED_MAX
        );
        self.check_ids(ids)?;
        if self.asked != ids {
            self.model.device().write(
                self.buffer(self.model.plan().arena.asked),
                0,
                bytemuck::cast_slice(ids),
            );
            self.asked = ids.to_vec();
        }
        Ok(())
    }

    /// Drops what was prepared for a next token. As long as it is kept, buffers that others drop keep their memory.
    pub fn rest(&mut self) {
        self.ahead = Ahead::default();
        self.guesses = 0;
    }

    /// Forgets all tokens from position `len` on, if the sliding layers' rings still hold what position `len` sees;
    /// otherwise nothing changes and the answer is false.
    pub fn truncate(&mut self, len: u32) -> bool {
        let (caches, window) = (&self.model.plan().caches, self.model.config().window);
        if len > self.position || !can_rewind(caches, window, self.capacity(), self.reach, len) {
            return false;
        }
        self.rest();
        self.position = len;
        if len == 0 {
            self.reach = 0;
        }
        true
    }

    /// Runs the prompt path over one chunk and reads every tap's rows; for tests and for looking into a model.
    pub async fn trace(&mut self, ids: &[u32]) -> Result<Vec<(String, Vec<f32>)>, Error> {
        self.check(ids)?;
        self.rest();
        let rows = self.write_inputs(ids).await?;
        self.reach = self.reach.max(self.position + rows);
        let mut values = Vec::new();
        let mut done = 0;
        for (after, tap) in &self.prompt.taps {
            self.submit(&self.prompt.ops[done..*after], rows, "trace");
            done = *after;
            let values_of_part = tap.columns as usize * rows as usize;
            let bytes = 4 * values_of_part as u64 * u64::from(tap.parts);
            let raw = self.model.device().read(self.buffer(tap.buffer), 0, bytes).await?;
            let mut sum: Vec<f32> = bytemuck::pod_collect_to_vec(&raw);
            for i in values_of_part..sum.len() {
                sum[i % values_of_part] += sum[i];
            }
            sum.truncate(values_of_part);
            values.push((tap.name.clone(), sum));
        }
        self.submit(&self.prompt.layers()[done..], rows, "trace");
        self.model.device().wait().await?;
        self.position += rows;
        Ok(values)
    }

    /// Keys and values of a layer that owns a cache: the raw bytes of the rows that were written.
    pub async fn cache(&self, layer: usize) -> Result<Option<[Vec<u8>; 2]>, Error> {
        let Some(cache) = self.model.plan().caches[layer] else { return Ok(None) };
        let bytes = cache.row_bytes * u64::from(cache.capacity.min(self.reach));
        let device = self.model.device();
        let keys = device.read(self.buffer(cache.keys), 0, bytes).await?;
        let values = device.read(self.buffer(cache.values), 0, bytes).await?;
        Ok(Some([keys, values]))
    }

    pub(crate) fn reach(&self) -> u32 {
        self.reach
    }

    pub(crate) fn set_position(&mut self, position: u32, reach: u32) {
        self.rest();
        self.position = position;
        self.reach = reach;
    }

    /// Dispatches of a decoded token with its logits and arg-max.
    pub fn dispatches_per_token(&self) -> usize {
        self.decode.ops.len()
    }

    /// Dispatches of a chunk or of a decoded token that belong to a stage, and bytes of weights that their products read.
    pub fn cost_of(&self, path: Path, stage: Stage) -> (usize, u64) {
        let of_stage = self.pass(path).costs.iter().filter(|(of, _)| *of == stage);
        of_stage.fold((0, 0), |(dispatches, bytes), (_, more)| (dispatches + 1, bytes + more))
    }

    /// Runs a stage's dispatches `times` over whatever the buffers hold, in one submit, and waits: for measuring. They are those of
    /// a whole chunk at the start of the context, or of a token at its end. The sequence is empty afterwards.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn repeat(&mut self, path: Path, stage: Stage, times: u32) -> Result<(), Error> {
        let device = self.model.device();
        let options = &self.model.plan().options;
        let (position, rows) = match path {
            Path::Prompt => (0, options.chunk.min(options.context)),
            Path::Decode => (options.context - 1, 1),
        };
        self.write_step(position, rows, 0);
        let pass = self.pass(path);
        let mut recorder = device.recorder();
        recorder.pass(stage.name(), |recorded| {
            for _ in 0..times {
                let of_stage = pass.ops.iter().zip(&pass.costs).filter(|(_, cost)| cost.0 == stage);
                // A chunk's head is for one of its rows.
                let rows = if stage == Stage::Head { 1 } else { rows };
                of_stage.for_each(|(op, _)| op.record(recorded, rows));
            }
        });
        device.submit(recorder);
        device.wait().await?;
        self.set_position(0, 0);
        Ok(())
    }

    fn pass(&self, path: Path) -> &Pass {
        match path {
            Path::Prompt => &self.prompt,
            Path::Decode => &self.decode,
        }
    }

    pub(crate) fn buffer(&self, index: usize) -> &Buffer {
        self.buffers[index].as_ref().expect("activations are created with the context")
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        let vocabulary = self.model.config().vocabulary;
        match ids.iter().find(|&&id| id >= vocabulary) {
            Some(&id) => Err(Error::Token { id, vocabulary }),
            None => Ok(()),
        }
    }

    pub(crate) fn check(&self, ids: &[u32]) -> Result<(), Error> {
        assert!(!ids.is_empty(), "a step is of at least one token");
        self.check_ids(ids)?;
        let needed = u64::from(self.position) + ids.len() as u64;
        if needed > u64::from(self.capacity()) {
            return Err(Error::ContextFull { needed, context: self.capacity() });
        }
        Ok(())
    }

    /// The step's uniform, token ids and, for a streamed table, per-layer rows.
    pub(crate) async fn write_inputs(&mut self, ids: &[u32]) -> Result<u32, Error> {
        let device = self.model.device();
        let arena = &self.model.plan().arena;
        let rows = ids.len() as u32;
        self.write_step(self.position, rows, rows - 1);
        let ids = self.embedded_ids(ids);
        device.write(self.buffer(arena.ids), 0, bytemuck::cast_slice(&ids));
        if let (Some([buffer, _]), Some(rows)) = (arena.per_layer_rows, &mut self.per_layer_rows) {
            let buffer = self.buffers[buffer].as_ref().expect("activations are created with the context");
            rows.write(self.model.source(), &ids, device, buffer).await?;
        }
        Ok(rows)
    }

    /// The ids whose rows are looked up: placeholders have no embedding of their own.
    pub(crate) fn embedded_ids(&self, ids: &[u32]) -> Vec<u32> {
        let config = self.model.config();
        ids.iter().map(|id| if config.placeholders.contains(id) { config.padding } else { *id }).collect()
    }

    /// The uniform of a step at a position.
    pub(crate) fn write_step(&self, position: u32, rows: u32, row: u32) {
        let step = Step { rows, position, row, reserved: 0 };
        self.model.device().write(self.buffer(self.model.plan().arena.step), 0, bytemuck::bytes_of(&step));
    }

    pub(crate) fn submit(&self, ops: &[Op], rows: u32, label: &str) {
        let mut recorder = self.model.device().recorder();
        recorder.pass(label, |pass| ops.iter().for_each(|op| op.record(pass, rows)));
        self.model.device().submit(recorder);
    }

    /// The copy of what a step is to bring back.
    pub(crate) fn record_result(&self, recorder: &mut Recorder, want: Want, readback: &Readback, at: u64) {
        let (arena, bytes) = (&self.model.plan().arena, want.bytes(self.model.config().vocabulary));
        let from = match want {
            Want::Nothing => return,
            Want::Token => arena.token,
            Want::Best => arena.best,
            Want::Logits | Want::AllLogits => arena.logits,
        };
        recorder.copy_to_readback(self.buffer(from), 0, readback, at, bytes);
    }

    /// Waits for what a step brings back to a place of two where tokens land.
    pub(crate) async fn collect(&self, want: Want, slot: usize) -> Result<Output, Error> {
        let bytes = want.bytes(self.model.config().vocabulary);
        let readback = self.readback(want, slot);
        Ok(readback.read_with(bytes, |bytes| Output::of(want, bytes, &self.asked)).await?)
    }

    pub(crate) fn readback(&self, want: Want, slot: usize) -> &Readback {
        if want == Want::Token { &self.token_readbacks[slot] } else { &self.readback }
    }

    /// A chunk's rows of a streamed table lie in the order of its tokens.
    fn write_row_numbers(&self) {
        if let Some([_, numbers]) = self.model.plan().arena.per_layer_rows {
            let in_order: Vec<u32> = (0..self.model.plan().options.chunk).collect();
            self.model.device().write(self.buffer(numbers), 0, bytemuck::cast_slice(&in_order));
        }
    }

    fn write_rope_tables(&self) {
        let config = self.model.config();
        let arena = &self.model.plan().arena;
        for (layer_kind, index, theta) in [
            (Attention::Sliding, arena.rope[0], config.rope_theta_sliding),
            (Attention::Full, arena.rope[1], config.rope_theta),
        ] {
            let Some(layer) = config.layers.iter().find(|layer| layer.attention == layer_kind) else {
                continue;
            };
            let factors = match layer_kind {
                Attention::Sliding => Vec::new(),
                Attention::Full if !self.model.rope_factors().is_empty() => {
                    self.model.rope_factors().to_vec()
                }
                Attention::Full => partial_factors(layer.head_dim, config.rope_partial),
            };
            let table = rope_table(layer.head_dim, theta, &factors, self.capacity());
            self.model.device().write(self.buffer(index), 0, bytemuck::cast_slice(&table));
        }
    }
}

/// Divisors for heads of which only the first pairs rotate: 1 for those, infinity (no rotation) for the others.
fn partial_factors(head_dim: u32, partial: f32) -> Vec<f32> {
    let pairs = head_dim / 2;
    let rotating = (pairs as f32 * partial) as u32;
    (0..pairs).map(|pair| if pair < rotating { 1.0 } else { f32::INFINITY }).collect()
}
