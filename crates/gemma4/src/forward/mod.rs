//! The forward pass as lists of prepared dispatches: `prompt` for chunks of a prompt (products as tiled matrix products),
//! `token` for single tokens (products as matrix times vector, with what surrounds them in the same dispatch), each with
//! the output head. They share `experts`, the embedding and the buffers, so either can follow the other.
//!
//! The order of operations is that of Hugging Face `Gemma4TextModel`.

mod experts;
mod prompt;
mod prompt_products;
mod reading;
mod token;

use crate::checkpoint::{MatrixId, VectorId};
use crate::config::{Attention, Config, Kv};
use crate::model::Model;
use crate::output::Want;
use crate::per_layer_rows;
use crate::plan::{Arena, CachePlan, Part, SLICE_ALIGNMENT};
use gpu::{Binding, Buffer, Device, Error};
use kernels::matvec::{self, Input, Order, Products, Store};
use kernels::op::Op;
use kernels::{argmax, embed, norm_add, norm_add_norm, per_layer_combine, rms_norm, top_k};
use reading::Reading;

/// How products are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// For chunks of any length.
    Prompt,
    /// For one token.
    Decode,
}

/// A value that can be looked at after an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// What it is, named as in the goldens: `layer.3.out`.
    pub name: String,
    /// Index of the buffer in the plan.
    pub buffer: usize,
    /// Width of a row.
    pub columns: u32,
    /// Parts of (rows, columns) of which the value is the sum.
    pub parts: u32,
}

/// What a dispatch is for: the parts into which a step's time can be divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Embeddings and per-layer inputs.
    #[default]
    Embedding,
    /// Projections to queries, keys and values.
    Qkv,
    /// Attention itself.
    Attention,
    /// The join of a single token's attention, which is done in parts.
    AttentionMerge,
    /// Attention's output projection.
    Output,
    /// Gate and up projections.
    GateUp,
    /// Down projection.
    Down,
    /// Mixture of experts.
    Experts,
    /// A layer's share of the per-layer embedding.
    PerLayer,
    /// Logits and arg-max.
    Head,
}

impl Stage {
    /// Every stage, in the order of a step.
    pub const ALL: [Stage; 10] = [
        Stage::Embedding,
        Stage::Qkv,
        Stage::Attention,
        Stage::AttentionMerge,
        Stage::Output,
        Stage::GateUp,
        Stage::Down,
        Stage::Experts,
        Stage::PerLayer,
        Stage::Head,
    ];

    /// The stage's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Embedding => "embedding",
            Stage::Qkv => "qkv",
            Stage::Attention => "attention",
            Stage::AttentionMerge => "merge",
            Stage::Output => "output",
            Stage::GateUp => "gate_up",
            Stage::Down => "down",
            Stage::Experts => "experts",
            Stage::PerLayer => "per_layer",
            Stage::Head => "head",
        }
    }
}

/// A list of dispatches and what can be seen between them.
#[derive(Default)]
pub(crate) struct Pass {
    /// The dispatches of a step up to the arg-max, in order.
    pub(crate) ops: Vec<Op>,
    /// What finds the best logits instead of the one best.
    pub(crate) best: Vec<Op>,
    /// What each dispatch is for, and the bytes of weights that it reads.
    pub(crate) costs: Vec<(Stage, u64)>,
    /// Taps with the number of dispatches after which each holds.
    pub(crate) taps: Vec<(usize, Tap)>,
    /// Numbers of dispatches at which layers end: places to look for a cancellation.
    pub(crate) layer_ends: Vec<usize>,
    /// Dispatches after which a decoded token's layers are done, or a prompt's; the head follows.
    pub(crate) layers: usize,
    /// Dispatches after which the logits hold; the arg-max follows.
    pub(crate) logits: usize,
}

impl Pass {
    /// Every dispatch of a step on this path, over a model's weights and a context's buffers. The device is the model's, or a
    /// [listing](Device::listing) one.
    pub(crate) fn new(
        device: &Device,
        model: &Model,
        buffers: &[Option<Buffer>],
        path: Path,
    ) -> Result<Pass, Error> {
        let builder = Builder::new(device, model, buffers, path);
        match path {
            Path::Prompt => builder.prompt(),
            Path::Decode => builder.token(),
        }
    }

    /// The layers.
    pub(crate) fn layers(&self) -> &[Op] {
        &self.ops[..self.layers]
    }

    /// What follows the layers to give what is wanted of one row.
    pub(crate) fn head(&self, want: Want) -> impl Iterator<Item = &Op> {
        let (end, best) = match want {
            Want::Nothing => (self.layers, &[][..]),
            Want::Token => (self.ops.len(), &[][..]),
            Want::Best => (self.logits, &self.best[..]),
            Want::Logits | Want::AllLogits => (self.logits, &[][..]),
        };
        self.ops[self.layers..end].iter().chain(best)
    }
}

/// Builds passes over a model's weights and a context's buffers.
pub(crate) struct Builder<'a> {
    device: &'a Device,
    model: &'a Model,
    /// One entry per planned buffer; none for weights.
    buffers: &'a [Option<Buffer>],
    path: Path,
    stage: Stage,
    pass: Pass,
}

/// A value that a product left in a buffer, in parts that its reader adds.
#[derive(Clone, Copy)]
struct Sum {
    buffer: usize,
    parts: u32,
}

impl Sum {
    /// A value that is whole.
    fn whole(buffer: usize) -> Sum {
        Sum { buffer, parts: 1 }
    }
}

/// What attention needs to know of a layer.
struct AttentionLayer {
    /// Keys and values that the layer itself makes.
    own_heads: u32,
    /// Columns of the raw projections.
    stride: u32,
    /// Column of the values, or of the keys that serve as values.
    v_offset: u32,
    /// The layer's cache, or the one it shares.
    cache: CachePlan,
    /// Table of angles.
    rope: usize,
    /// Keys a token sees; 0 for all.
    window: u32,
}

impl<'a> Builder<'a> {
    fn new(device: &'a Device, model: &'a Model, buffers: &'a [Option<Buffer>], path: Path) -> Builder<'a> {
        Builder { device, model, buffers, path, stage: Stage::default(), pass: Pass::default() }
    }

    /// The head's matrix.
    fn head(&self) -> MatrixId {
        let checkpoint = self.model.checkpoint();
        checkpoint.output.unwrap_or(checkpoint.embeddings)
    }

    /// Logits of what `reading` gives, then their arg-max, and what finds the best of them instead.
    fn logits(&mut self, reading: &Reading<'a>) -> Result<(), Error> {
        self.stage = Stage::Head;
        let arena = self.arena();
        let id = self.head();
        let cap = self.config().softcap.unwrap_or(0.0);
        let mut candidates = 0;
        for part in &self.model.plan().matrices[id] {
            let store = Store::Logits { offset: part.first_row as u32, cap, candidates };
            let outputs = [self.at(arena.logits), self.at(arena.candidates)];
            self.part_product(part, reading, store, &outputs)?;
            candidates += matvec::candidates(&part.layout);
        }
        self.pass.logits = self.pass.ops.len();
        let (all, token) = (self.at(arena.candidates), self.at(arena.token));
        self.push(argmax::forward(self.device(), candidates, all, token)?);
        let buffers = top_k::Buffers {
            logits: self.at(arena.logits),
            candidates: all,
            survivors: self.at(arena.survivors),
            strip_sums: self.at(arena.strip_sums),
            asked: self.at(arena.asked),
            y: self.at(arena.best),
        };
        let shape = top_k::Shape { n: self.config().vocabulary, candidates };
        self.pass.best.extend(top_k::forward(self.device(), &shape, buffers)?);
        Ok(())
    }

    fn config(&self) -> &'a Config {
        self.model.config()
    }

    fn device(&self) -> &'a gpu::Device {
        self.device
    }

    fn arena(&self) -> &'a Arena {
        &self.model.plan().arena
    }

    fn push(&mut self, op: Op) {
        self.pass.ops.push(op);
        self.pass.costs.push((self.stage, 0));
    }

    /// States how many bytes of weights the last dispatch reads.
    fn reads(&mut self, bytes: u64) {
        self.pass.costs.last_mut().expect("a dispatch was pushed").1 = bytes;
    }

    fn tap(&mut self, name: impl Into<String>, buffer: usize, columns: u32) {
        self.tap_parts(name, buffer, columns, 1);
    }

    fn tap_parts(&mut self, name: impl Into<String>, buffer: usize, columns: u32, parts: u32) {
        self.pass.taps.push((self.pass.ops.len(), Tap { name: name.into(), buffer, columns, parts }));
    }

    /// A buffer of the context.
    fn at(&self, index: usize) -> Binding<'a> {
        Binding::from(self.buffers[index].as_ref().expect("activations are created with the context"))
    }

    /// Columns of a layer in the per-layer inputs: a binding that begins there, and the column in it where they begin. A binding
    /// lets all layers share their pipelines; it cannot begin everywhere.
    fn per_layer_columns(&self, l: usize, width: u32) -> (Binding<'a>, u32) {
        let [inputs, _] = self.arena().per_layer.expect("planned with the width");
        let column = width * l as u32;
        let binding = Binding { offset: 4 * u64::from(column), ..self.at(inputs) };
        if binding.offset.is_multiple_of(SLICE_ALIGNMENT) { (binding, 0) } else { (self.at(inputs), column) }
    }

    fn vector(&self, id: VectorId) -> Binding<'a> {
        let plan = self.model.plan();
        let slice = plan.vectors[id];
        Binding {
            buffer: self.model.buffer(plan.vectors_buffer),
            offset: slice.offset,
            bytes: Some(slice.bytes),
        }
    }

    fn weight(&self, part: &Part) -> Binding<'a> {
        Binding::from(self.model.buffer(part.buffer))
    }

    fn norm_shape(&self) -> rms_norm::Shape {
        let Config { hidden, epsilon, .. } = *self.config();
        rms_norm::Shape { columns: hidden, epsilon, rows: rms_norm::Rows::All }
    }

    /// `y = x W^T`, y with rows of `stride`.
    fn product(&mut self, id: MatrixId, x: usize, y: usize, stride: u32) -> Result<(), Error> {
        match self.path {
            Path::Decode => {
                let reading = self.plain(self.at(x), id);
                self.token_product(id, &reading, y, 0)
            }
            Path::Prompt => self.prompt_product(id, x, y, stride),
        }
    }

    /// `y = W x` for one token, y in so many interleaved blocks, or in the usual order.
    fn token_product(
        &mut self,
        id: MatrixId,
        reading: &Reading<'a>,
        y: usize,
        blocks: u32,
    ) -> Result<(), Error> {
        for part in &self.model.plan().matrices[id] {
            let store = Store::Rows { offset: part.first_row as u32, blocks };
            self.part_product(part, reading, store, &[self.at(y)])?;
        }
        Ok(())
    }

    fn part_product(
        &mut self,
        part: &Part,
        reading: &Reading<'a>,
        store: Store,
        outputs: &[Binding<'a>],
    ) -> Result<(), Error> {
        let products = match reading.input {
            Input::Packed => Products::Packed,
            Input::Rows | Input::Interleaved => Products::Float,
            _ => self.products_with(std::slice::from_ref(part)),
        };
        let sums = self.model.plan().options.tiers.token_sums;
        let shape = matvec::Shape { weight: &part.layout, products, sums, input: reading.input, store };
        self.push(matvec::forward(self.device(), &shape, self.weight(part), outputs, &reading.bindings)?);
        self.reads(part.layout.bytes());
        Ok(())
    }

    /// x as it is, for the product with a matrix.
    fn plain(&self, x: Binding<'a>, id: MatrixId) -> Reading<'a> {
        let input = if self.fits(id) { Input::Staged } else { Input::Rows };
        Reading { input, bindings: vec![x] }
    }

    /// Whether a matrix's row of x can go through the adapter's workgroup memory.
    fn fits(&self, id: MatrixId) -> bool {
        let parts = &self.model.plan().matrices[id];
        let columns = parts[0].layout.columns as u32;
        let bytes = matvec::staged_bytes(columns, self.products_with(parts));
        columns.is_multiple_of(32) && bytes <= self.device().limits().workgroup_bytes_max
    }

    /// How products with all of these parts are computed.
    fn products_with(&self, parts: &[Part]) -> Products {
        match self.model.plan().options.tiers.token_products {
            Products::Packed if !parts.iter().all(|part| part.layout.is_packable()) => Products::Float,
            products => products,
        }
    }

    /// The order in which a kernel leaves x for the product with a matrix.
    fn order_for(&self, id: MatrixId) -> Order {
        let parts = &self.model.plan().matrices[id];
        Order::read_by(self.products_with(parts), parts[0].layout.columns as u32)
    }

    /// `y = rms(x) * w` over rows of the residual's width.
    fn norm(&mut self, x: usize, w: VectorId, y: usize) -> Result<(), Error> {
        let step = self.at(self.arena().step);
        let (x, w, y) = (self.at(x), self.vector(w), self.at(y));
        self.push(rms_norm::forward(self.device(), &self.norm_shape(), x, w, y, step)?);
        Ok(())
    }

    /// `h = (h + rms(x) * w) * scale`.
    fn add(&mut self, x: Sum, w: VectorId, scale: VectorId, h: usize) -> Result<(), Error> {
        let Config { hidden, epsilon, .. } = *self.config();
        let shape = norm_add::Shape { columns: hidden, epsilon, parts: x.parts };
        let (x, w, scale, h) = (self.at(x.buffer), self.vector(w), self.vector(scale), self.at(h));
        self.push(norm_add::forward(self.device(), &shape, x, w, scale, h)?);
        Ok(())
    }

    /// `h = (h + rms(x) * w) * scale`, then `x = rms(h) * next` for the next reader.
    fn add_and_norm(
        &mut self,
        x: Sum,
        w: VectorId,
        scale: VectorId,
        h: usize,
        next: VectorId,
    ) -> Result<(), Error> {
        let Config { hidden, epsilon, .. } = *self.config();
        let shape = norm_add::Shape { columns: hidden, epsilon, parts: x.parts };
        let arena = self.arena();
        let buffers = norm_add_norm::Buffers {
            x: self.at(x.buffer),
            w: self.vector(w),
            scale: self.vector(scale),
            h: self.at(h),
            next: self.vector(next),
            y: self.at(arena.x),
        };
        self.push(norm_add_norm::forward(self.device(), &shape, buffers)?);
        Ok(())
    }

    /// Rows of a table to `y`; a part that does not hold a token's row leaves it alone.
    fn gather(&mut self, table: MatrixId, y: usize, scale: f32) -> Result<(), Error> {
        let plan = self.model.plan();
        for part in &plan.matrices[table] {
            let shape = embed::Shape { table: &part.layout, first_row: part.first_row as u32, scale };
            let (ids, y) = (self.at(plan.arena.ids), self.at(y));
            self.push(embed::forward(self.device(), &shape, self.weight(part), ids, y)?);
        }
        Ok(())
    }

    /// Rows of a per-layer table that stays in the file, which the host writes before the step, to `y`.
    fn gather_rows(&mut self, rows: usize, numbers: usize, y: usize, scale: f32) -> Result<(), Error> {
        let chunk = self.model.plan().options.chunk;
        let table = per_layer_rows::layout(self.model.checkpoint(), chunk).expect("planned with the table");
        let shape = embed::Shape { table: &table, first_row: 0, scale };
        let (rows, numbers, y) = (self.at(rows), self.at(numbers), self.at(y));
        self.push(embed::forward(self.device(), &shape, rows, numbers, y)?);
        Ok(())
    }

    /// The scaled embeddings in `h`, and the per-layer inputs.
    fn embedding(&mut self) -> Result<(), Error> {
        let arena = self.arena();
        let config = self.config();
        let checkpoint = self.model.checkpoint();
        self.gather(checkpoint.embeddings, arena.h, (config.hidden as f32).sqrt())?;
        self.tap("embed_scaled", arena.h, config.hidden);
        if let (Some(weights), Some(width), Some([inputs, context])) =
            (&checkpoint.per_layer, config.per_layer, arena.per_layer)
        {
            let layers = config.layers.len() as u32;
            let scale = (width as f32).sqrt();
            match arena.per_layer_rows {
                Some([rows, numbers]) => self.gather_rows(rows, numbers, inputs, scale)?,
                None => self.gather(weights.table, inputs, scale)?,
            }
            self.product(weights.projection, arena.h, context, layers * width)?;
            let shape = per_layer_combine::Shape {
                layers,
                columns: width,
                context_scale: (config.hidden as f32).sqrt().recip(),
                epsilon: config.epsilon,
            };
            let (context, norm) = (self.at(context), self.vector(weights.norm));
            self.push(per_layer_combine::forward(self.device(), &shape, context, norm, self.at(inputs))?);
            self.tap("per_layer_inputs", inputs, layers * width);
        }
        Ok(())
    }

    fn attention_layer(&self, l: usize) -> AttentionLayer {
        let config = self.config();
        let layer = &config.layers[l];
        let (owner, own_heads, heads, v_head) = match layer.kv {
            Kv::Own => (l, layer.kv_heads, config.heads + 2 * layer.kv_heads, config.heads + layer.kv_heads),
            Kv::KeysAsValues => (l, layer.kv_heads, config.heads + layer.kv_heads, config.heads),
            Kv::SharedWith(donor) => (donor as usize, 0, config.heads, config.heads),
        };
        let (rope, window) = match layer.attention {
            Attention::Sliding => (self.arena().rope[0], config.window),
            Attention::Full => (self.arena().rope[1], 0),
        };
        AttentionLayer {
            own_heads,
            stride: heads * layer.head_dim,
            v_offset: v_head * layer.head_dim,
            cache: self.model.plan().caches[owner].expect("donors own a cache"),
            rope,
            window,
        }
    }
}
