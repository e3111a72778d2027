//! The memory plan: every buffer a model will ask for, as a pure function of file, options and adapter limits. The
//! loader creates exactly these buffers, so that plan and ledger agree to the byte.

mod arena;
mod prompt_needs;

pub use arena::{Arena, ExpertArena};
use prompt_needs::PromptNeeds;

use crate::checkpoint::{Checkpoint, Matrix, Source};
use crate::config::{Attention, Config, Kv, Layer};
use crate::error::Error;
use gpu::{Account, Limits};
use kernels::kv::KvType;
use kernels::matvec;
use kernels::tiers::Tiers;
use kernels::weight::Layout;
use serde::Serialize;

/// Slices of a shared buffer begin at multiples of this, the largest offset alignment WebGPU allows an adapter to ask.
pub(crate) const SLICE_ALIGNMENT: u64 = 256;
/// Per-layer tables up to this size are resident without asking: streaming saves nothing worth a read per token.
const RESIDENT_BYTES_MAX: u64 = 64 << 20;
/// Most tokens of a chunk: keeps every grid within the workgroups of an axis, but for experts.
const CHUNK_MAX: u32 = 2048;
/// Workgroups along an axis that every device allows.
const WORKGROUPS_MAX: u32 = 65_535;

/// What the user can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Tokens of the longest sequence.
    pub context: u32,
    /// Tokens of a prompt processed at once.
    pub chunk: u32,
    /// Type of the KV cache.
    pub kv: KvType,
    /// How kernels compute where there is a choice.
    pub tiers: Tiers,
    /// Where the per-layer embedding table lives.
    pub per_layer_table: PerLayerTable,
    /// Most bytes of GPU memory for this model; none to try without a limit.
    pub budget: Option<u64>,
    /// Bindings no larger than this, on adapters that fail below the limit they state; none to trust the adapter.
    pub binding_bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            context: 4096,
            chunk: 512,
            kv: KvType::F16,
            tiers: Tiers::default(),
            per_layer_table: PerLayerTable::Auto,
            budget: None,
            binding_bytes_max: None,
        }
    }
}

/// Where the per-layer embedding table lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PerLayerTable {
    /// On the GPU if it is small or a stated budget holds it, else streamed.
    Auto,
    /// On the GPU.
    Resident,
    /// Rows are read from the source as tokens need them.
    Streamed,
}

/// One buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedBuffer {
    /// Label.
    pub name: String,
    /// Account in the ledger.
    #[serde(serialize_with = "account_name")]
    pub account: Account,
    /// Shape, outermost first, in values.
    pub shape: Vec<u64>,
    /// Bytes.
    pub bytes: u64,
}

fn account_name<S: serde::Serializer>(account: &Account, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(account.name())
}

/// Rows of a matrix that lie in one buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Index of the buffer in the plan.
    pub buffer: usize,
    /// How the rows lie in it.
    pub layout: Layout,
    /// First row of the matrix.
    pub first_row: u64,
    /// Where the rows come from.
    pub sources: Vec<Source>,
}

/// A slice of the buffer that all vectors share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A layer's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePlan {
    /// Index of the key buffer.
    pub keys: usize,
    /// Index of the value buffer.
    pub values: usize,
    /// Positions it holds; position p is at row p % capacity.
    pub capacity: u32,
    /// Bytes of one position.
    pub row_bytes: u64,
}

/// Everything that will be allocated, and what lies where in it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every buffer, in the order of creation.
    pub buffers: Vec<PlannedBuffer>,
    /// Parts of each matrix of the checkpoint; empty for a streamed per-layer table.
    pub matrices: Vec<Vec<Part>>,
    /// Index of the buffer of vectors.
    pub vectors_buffer: usize,
    /// Slice of each vector of the checkpoint.
    pub vectors: Vec<Slice>,
    /// Cache of each layer that owns one.
    pub caches: Vec<Option<CachePlan>>,
    /// Activations.
    pub arena: Arena,
    /// Whether the per-layer table is on the GPU.
    pub per_layer_resident: bool,
    /// The options it was made for.
    pub options: Options,
}

impl Plan {
    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| buffer.bytes).sum()
    }

    /// Bytes of an account's buffers.
    pub fn bytes_in(&self, account: Account) -> u64 {
        self.buffers.iter().filter(|buffer| buffer.account == account).map(|buffer| buffer.bytes).sum()
    }
}

/// Makes the plan; fails if a granule is larger than a binding or the whole larger than the budget.
pub fn plan(
    config: &Config,
    checkpoint: &Checkpoint,
    options: &Options,
    limits: &Limits,
) -> Result<Plan, Error> {
    check_options(config, options)?;
    let table_bytes = checkpoint.per_layer.as_ref().map_or(0, |per_layer| {
        let table = &checkpoint.matrices[per_layer.table];
        Layout::new(table.sources[0].kind, table.sources[0].rows, table.columns).bytes()
    });
    let with = |resident| Planner { options, limits, buffers: Vec::new() }.run(config, checkpoint, resident);
    let plan = match options.per_layer_table {
        PerLayerTable::Resident => with(true)?,
        PerLayerTable::Streamed => with(false)?,
        PerLayerTable::Auto if table_bytes <= RESIDENT_BYTES_MAX => with(true)?,
        PerLayerTable::Auto => match (options.budget, with(true)) {
            (Some(budget), Ok(plan)) if plan.bytes() <= budget => plan,
            _ => with(false)?,
        },
    };
    match options.budget {
        Some(budget) if plan.bytes() > budget => Err(Error::OverBudget {
            needed: plan.bytes(),
            budget,
            context: options.context,
            chunk: options.chunk,
        }),
        _ => Ok(plan),
    }
}

fn check_options(config: &Config, options: &Options) -> Result<(), Error> {
    let within = |what, value: u32, max: u32| {
        if value == 0 || value > max {
            return Err(Error::Option { what, value: u64::from(value), allowed: format!("1 to {max}") });
        }
        Ok(())
    };
    within("a context", options.context, config.context)?;
    within("a chunk", options.chunk, chunk_max(config))
}

/// Most tokens of a prompt that this model processes at once: each of a token's experts has workgroups of its own.
pub fn chunk_max(config: &Config) -> u32 {
    CHUNK_MAX.min(WORKGROUPS_MAX / config.experts.map_or(1, |experts| experts.top_k))
}

/// The first of the parts of a layer's queries, keys and values that has nothing but values, if there is one.
pub(crate) fn values_apart(config: &Config, layer: &Layer, qkv: &[Part]) -> Option<usize> {
    let first_value = u64::from((config.heads + layer.kv_heads) * layer.head_dim);
    let part = qkv.iter().position(|part| part.first_row == first_value);
    part.filter(|_| matches!(layer.kv, Kv::Own))
}

struct Planner<'a> {
    options: &'a Options,
    limits: &'a Limits,
    buffers: Vec<PlannedBuffer>,
}

impl Planner<'_> {
    fn run(mut self, config: &Config, checkpoint: &Checkpoint, resident: bool) -> Result<Plan, Error> {
        let table = checkpoint.per_layer.as_ref().map(|per_layer| per_layer.table);
        let mut matrices = Vec::with_capacity(checkpoint.matrices.len());
        for (id, matrix) in checkpoint.matrices.iter().enumerate() {
            matrices.push(match table == Some(id) {
                true if !resident => Vec::new(),
                true => self.matrix(matrix, Account::Embeddings)?,
                false => self.matrix(matrix, Account::Weights)?,
            });
        }
        let (vectors_buffer, vectors) = self.vectors(checkpoint)?;
        let caches = self.caches(config)?;
        let output = &matrices[checkpoint.output.unwrap_or(checkpoint.embeddings)];
        let candidates = output.iter().map(|part| matvec::candidates(&part.layout)).sum();
        let needs = PromptNeeds::of(config, checkpoint, &matrices, self.options, resident);
        let values = config.layers.iter().zip(&checkpoint.layers).filter_map(|(layer, weights)| {
            values_apart(config, layer, &matrices[weights.qkv]).map(|_| layer.kv_heads * layer.head_dim)
        });
        let arena = self.arena(config, candidates, values.max(), &needs)?;
        Ok(Plan {
            buffers: self.buffers,
            matrices,
            vectors_buffer,
            vectors,
            caches,
            arena,
            per_layer_resident: resident && checkpoint.per_layer.is_some(),
            options: self.options.clone(),
        })
    }

    /// Most bytes of a buffer that is bound whole.
    fn bytes_max(&self) -> u64 {
        let stated = self.limits.binding_bytes_max.min(self.limits.buffer_bytes_max);
        self.options.binding_bytes_max.map_or(stated, |max| max.min(stated))
    }

    fn push(
        &mut self,
        name: String,
        account: Account,
        shape: Vec<u64>,
        bytes: u64,
        remedy: &'static str,
    ) -> Result<usize, Error> {
        let bytes = bytes.max(16).next_multiple_of(4);
        if bytes > self.bytes_max() {
            return Err(Error::BindingTooSmall { name, bytes, max: self.bytes_max(), remedy });
        }
        self.buffers.push(PlannedBuffer { name, account, shape, bytes });
        Ok(self.buffers.len() - 1)
    }

    /// Neighbouring sources of one type share a part as far as a binding holds them.
    fn matrix(&mut self, matrix: &Matrix, account: Account) -> Result<Vec<Part>, Error> {
        let remedy = "This model cannot run on this adapter";
        let mut parts: Vec<(u64, Vec<Source>)> = Vec::new();
        let mut first_row = 0;
        for source in &matrix.sources {
            let most = Layout::rows_within(source.kind, matrix.columns, matrix.granule, self.bytes_max());
            let Some(most) = most else {
                let bytes = Layout::new(source.kind, matrix.granule, matrix.columns).bytes();
                let max = self.bytes_max();
                return Err(Error::BindingTooSmall { name: source.name.clone(), bytes, max, remedy });
            };
            let row_bytes = source.kind.row_bytes(matrix.columns).expect("whole blocks");
            let mut done = 0;
            while done < source.rows {
                // A source begins at a multiple of four rows, so that every plane's bytes begin at a whole word.
                let room = match parts.last() {
                    Some((_, sources))
                        if sources[0].kind == source.kind && rows_of(sources).is_multiple_of(4) =>
                    {
                        most - rows_of(sources)
                    }
                    _ => 0,
                };
                let rows = if room == 0 { most } else { room }.min(source.rows - done);
                let piece = Source { offset: source.offset + done * row_bytes, rows, ..source.clone() };
                match parts.last_mut() {
                    Some((_, sources)) if room > 0 => sources.push(piece),
                    _ => parts.push((first_row + done, vec![piece])),
                }
                done += rows;
            }
            first_row += source.rows;
        }
        let several = parts.len() > 1;
        parts
            .into_iter()
            .enumerate()
            .map(|(n, (first_row, sources))| {
                let rows = rows_of(&sources);
                let layout = Layout::new(sources[0].kind, rows, matrix.columns);
                let name = if several { format!("{}.{n}", matrix.name) } else { matrix.name.clone() };
                let buffer = self.push(name, account, vec![rows, matrix.columns], layout.bytes(), remedy)?;
                Ok(Part { buffer, layout, first_row, sources })
            })
            .collect()
    }

    fn vectors(&mut self, checkpoint: &Checkpoint) -> Result<(usize, Vec<Slice>), Error> {
        let mut offset = 0;
        let slices: Vec<Slice> = checkpoint
            .vectors
            .iter()
            .map(|vector| {
                let bytes = 4 * vector.iter().map(|piece| piece.len).sum::<u64>();
                let slice = Slice { offset, bytes };
                offset = (offset + bytes).next_multiple_of(SLICE_ALIGNMENT);
                slice
            })
            .collect();
        let shape = vec![offset / 4];
        let buffer =
            self.push("vectors".to_owned(), Account::Weights, shape, offset, "No adapter is this small")?;
        Ok((buffer, slices))
    }

    /// Full layers hold the whole context; sliding ones the window and a chunk, since a chunk is written before its
    /// first token attends.
    fn capacity(&self, config: &Config, attention: Attention) -> u32 {
        match attention {
            Attention::Full => self.options.context,
            Attention::Sliding => config.window.saturating_add(self.options.chunk).min(self.options.context),
        }
    }

    fn caches(&mut self, config: &Config) -> Result<Vec<Option<CachePlan>>, Error> {
        let remedy = "Ask for a smaller context";
        let options = self.options;
        let mut caches = Vec::with_capacity(config.layers.len());
        for (l, layer) in config.layers.iter().enumerate() {
            if let Kv::SharedWith(_) = layer.kv {
                caches.push(None);
                continue;
            }
            let capacity = self.capacity(config, layer.attention);
            let granule = options.kv.head_granule();
            if !layer.head_dim.is_multiple_of(granule) {
                let (what, value) =
                    ("the width of a head for this type of KV cache", u64::from(layer.head_dim));
                return Err(Error::Option { what, value, allowed: format!("multiples of {granule}") });
            }
            let row_bytes = u64::from(layer.kv_heads) * options.kv.head_bytes(layer.head_dim);
            let shape = vec![u64::from(capacity), u64::from(layer.kv_heads), u64::from(layer.head_dim)];
            let bytes = row_bytes * u64::from(capacity);
            let keys = self.push(format!("blk.{l}.keys"), Account::KvCache, shape.clone(), bytes, remedy)?;
            let values = self.push(format!("blk.{l}.values"), Account::KvCache, shape, bytes, remedy)?;
            caches.push(Some(CachePlan { keys, values, capacity, row_bytes }));
        }
        Ok(caches)
    }
}

fn rows_of(sources: &[Source]) -> u64 {
    sources.iter().map(|source| source.rows).sum()
}
