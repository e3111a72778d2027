//! Loading: weights from the source, repacked, into the buffers of the plan.

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::context;
use crate::error::Error;
use crate::plan::{Options, Plan, plan};
use crate::upload::{self, Target, pieces, upload};
use crate::vectors;
use gguf::{Header, ReadAt};
use gpu::{Account, Buffer, Device, Staging, Usage};
use kernels::weight::Packed;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Pipelines kept for models that come back, of those that are gone: several models' worth.
const UNUSED_PIPELINES_MAX: usize = 512;

/// Pieces on their way to the GPU in a browser: while one is filled, others are copied from.
const STAGING_SLOTS: usize = 4;

/// How far loading has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Bytes of the file that are on the GPU.
    pub done: u64,
    /// Bytes that will be.
    pub total: u64,
    /// What is being loaded.
    pub name: &'a str,
}

/// A model whose weights are on the GPU.
pub struct Model {
    device: Device,
    config: Config,
    checkpoint: Checkpoint,
    plan: Plan,
    /// One entry per planned buffer; none for those that belong to a [`crate::Context`].
    buffers: Vec<Option<Buffer>>,
    source: Rc<dyn ReadAt>,
    rope_factors: Vec<f32>,
}

impl Model {
    /// Checks the file's tensors against its configuration, plans, allocates and uploads. `observe` is told of every piece and
    /// may stop the load.
    ///
    /// # Errors
    /// Everything is checked before the first upload; on any error all GPU memory is given back.
    pub async fn load(
        device: &Device,
        source: Rc<dyn ReadAt>,
        header: &Header,
        config: Config,
        options: &Options,
        observe: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Model, Error> {
        let checkpoint = Checkpoint::new(header, &config)?;
        let plan = plan(&config, &checkpoint, options, device.limits())?;
        let rope_factors = match checkpoint.rope_factors {
            Some((kind, offset, len)) => vectors::read_values(&*source, kind, offset, len).await?,
            None => Vec::new(),
        };
        let is_bad = |&(_, &factor): &(usize, &f32)| factor.is_nan() || factor <= 0.0;
        if let Some((index, &value)) = rope_factors.iter().enumerate().find(is_bad) {
            return Err(Error::RopeFactor { index, value });
        }
        let buffers = allocate(device, &plan).await?;
        let model = Model { device: device.clone(), config, checkpoint, plan, buffers, source, rope_factors };
        model.announce();
        // They are compiled while the weights are on their way.
        let shaders = context::shaders(&model).await?;
        device.compile_beside(shaders.clone(), model.upload(observe)).await?;
        device.guarded(|| shaders.iter().try_for_each(|shader| device.pipeline(shader).map(drop))).await?;
        device.give_up_pipelines(UNUSED_PIPELINES_MAX, &shaders);
        device.wait().await?;
        Ok(model)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file's tensors in their roles.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The plan it was loaded by.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device it lies on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Bytes of the file that a decoded token reads: every matrix but the tables of which it needs one row, and of
    /// the experts the chosen ones.
    pub fn bytes_per_token(&self) -> u64 {
        bytes_per_token(&self.config, &self.checkpoint, &self.plan)
    }

    pub(crate) fn rope_factors(&self) -> &[f32] {
        &self.rope_factors
    }

    /// A weight buffer by its index in the plan.
    pub(crate) fn buffer(&self, index: usize) -> &Buffer {
        self.buffers[index].as_ref().expect("weights are created when the model is loaded")
    }

    /// The file, for what stays there.
    pub(crate) fn source(&self) -> &dyn ReadAt {
        &*self.source
    }

    /// Bytes of the file that loading puts on the GPU, but for the vectors.
    pub fn loaded_bytes(&self) -> u64 {
        pieces(&self.plan, &*self.source).iter().map(|piece| piece.bytes).sum()
    }

    async fn upload(&self, observe: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        self.upload_vectors().await?;
        let pieces = pieces(&self.plan, &*self.source);
        // Natively a mapped file's pieces come from threads, and the driver's own way of writing is as fast as they are.
        let by_queue = cfg!(not(target_arch = "wasm32")) && self.source.mapped().is_some();
        let staging = if by_queue { None } else { self.staging(&pieces)? };
        let total = pieces.iter().map(|piece| piece.bytes).sum();
        upload(&*self.source, &pieces, &mut Gpu { model: self, staging, observe, done: 0, total }).await
    }

    /// Staging for these pieces, in no more memory than a context takes later, so that loading needs none that answering
    /// does not; none where that is too little to be worth while.
    fn staging(&self, pieces: &[upload::Piece<'_>]) -> Result<Option<Staging>, Error> {
        let Some(bytes) = pieces.iter().map(upload::Piece::packed_bytes).max() else { return Ok(None) };
        let weights = [Account::Weights, Account::Embeddings].map(|account| self.plan.bytes_in(account));
        let spare = self.plan.bytes() - weights.iter().sum::<u64>();
        let slots = (spare / bytes.next_multiple_of(4)).min(STAGING_SLOTS as u64).min(pieces.len() as u64);
        if slots < 2 {
            return Ok(None);
        }
        Ok(Some(self.device.staging("staging of weights", slots as usize, bytes)?))
    }

    /// Has a disk bring what is read from now on, in the order in which it is.
    fn announce(&self) {
        let matrices = pieces(&self.plan, &*self.source).into_iter().map(|piece| piece.range());
        self.source.will_read(&vectors::ranges(&self.checkpoint).chain(matrices).collect::<Vec<_>>());
    }

    async fn upload_vectors(&self) -> Result<(), Error> {
        let buffer = self.buffer(self.plan.vectors_buffer);
        let values = vectors::read(&self.checkpoint, &self.plan, &*self.source, buffer.bytes()).await?;
        self.device.write(buffer, 0, bytemuck::cast_slice(&values));
        Ok(())
    }
}

/// The buffers of the plan as pieces are written to them.
struct Gpu<'a> {
    model: &'a Model,
    /// None where the queue takes them.
    staging: Option<Staging>,
    observe: &'a mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    done: u64,
    total: u64,
}

impl Target for Gpu<'_> {
    async fn ready(&mut self) -> Result<(), Error> {
        match &mut self.staging {
            Some(staging) => Ok(staging.ready().await?),
            None => Ok(()),
        }
    }

    fn write(&mut self, piece: &upload::Piece<'_>, packed: &Packed) -> Result<ControlFlow<()>, Error> {
        let (model, layout) = (self.model, &piece.part.layout);
        let writes = layout.planes.iter().zip(&packed.planes).map(|(plane, bytes)| {
            (model.buffer(piece.part.buffer), plane.offset + piece.row * plane.row_bytes, &bytes[..])
        });
        match &mut self.staging {
            Some(staging) => staging.write(writes)?,
            None => writes.for_each(|(buffer, offset, bytes)| model.device.write(buffer, offset, bytes)),
        }
        self.done += piece.bytes;
        Ok((self.observe)(Progress { done: self.done, total: self.total, name: &piece.source.name }))
    }
}

/// Weight buffers; what a context needs stays empty.
async fn allocate(device: &Device, plan: &Plan) -> Result<Vec<Option<Buffer>>, Error> {
    let create = || {
        plan.buffers
            .iter()
            .map(|planned| match planned.account {
                Account::Weights | Account::Embeddings => {
                    device.buffer(&planned.name, planned.account, planned.bytes, Usage::Storage).map(Some)
                }
                _ => Ok(None),
            })
            .collect()
    };
    Ok(device.guarded(create).await?)
}

/// See [`Model::bytes_per_token`].
pub fn bytes_per_token(config: &Config, checkpoint: &Checkpoint, plan: &Plan) -> u64 {
    let table = checkpoint.per_layer.as_ref().map(|per_layer| per_layer.table);
    let looked_up = checkpoint.output.is_some().then_some(checkpoint.embeddings);
    checkpoint
        .matrices
        .iter()
        .enumerate()
        .filter(|(id, _)| Some(*id) != table && Some(*id) != looked_up)
        .map(|(id, matrix)| {
            let bytes: u64 = plan.matrices[id].iter().map(|part| part.layout.bytes()).sum();
            match config.experts {
                Some(experts) if matrix.granule > 1 => {
                    bytes * u64::from(experts.top_k) / u64::from(experts.count)
                }
                _ => bytes,
            }
        })
        .sum()
}
