//! A model whose weights are on the GPU.

use crate::digest::digest;
use crate::load::{LoadOptions, LoadProgress};
use crate::session::Session;
use crate::{Cancel, Error, ModelFile};
use gpu::Device;
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

/// A loaded model. Clones share it; its GPU memory is given back with the last clone and the last session.
#[derive(Clone)]
pub struct Model(Rc<Loaded>);

struct Loaded {
    weights: Rc<gemma4::Model>,
    file: ModelFile,
    digest: OnceCell<[u8; 32]>,
}

impl Model {
    /// Checks, plans and uploads. `observe` is told of every piece; `cancel` is looked at after each.
    ///
    /// # Errors
    /// Everything is checked before the first upload. On any error, [`Error::Cancelled`] included, all GPU memory is
    /// given back before this returns, so the next attempt finds what this one found.
    pub async fn load(
        device: &Device,
        file: ModelFile,
        options: &LoadOptions,
        cancel: &Cancel,
        observe: &mut dyn FnMut(LoadProgress<'_>),
    ) -> Result<Model, Error> {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let ledger = device.ledger();
        ledger.phase("load");
        let left = || ledger.budget().map(|budget| budget.saturating_sub(ledger.bytes()));
        let config = file.config()?;
        let options = file.plan_within(options, options.budget.or_else(left), device.limits())?.options;
        let mut watch = |progress: gemma4::Progress<'_>| {
            observe(LoadProgress { done: progress.done, total: progress.total, name: progress.name });
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let scoped = device.scoped(&ledger.scope("model"));
        let source = Rc::clone(file.source());
        match gemma4::Model::load(&scoped, source, file.header(), config, &options, &mut watch).await {
            Ok(weights) => {
                Ok(Model(Rc::new(Loaded { weights: Rc::new(weights), file, digest: OnceCell::new() })))
            }
            Err(error) => Err(reclaimed(device, error).await),
        }
    }

    /// The file.
    pub fn file(&self) -> &ModelFile {
        &self.0.file
    }

    /// The configuration.
    pub fn config(&self) -> &gemma4::Config {
        self.0.weights.config()
    }

    /// The plan it was loaded by.
    pub fn plan(&self) -> &gemma4::Plan {
        self.0.weights.plan()
    }

    /// The device it lies on.
    pub fn device(&self) -> &Device {
        self.0.weights.device()
    }

    /// Bytes of the file that loading read and put on the GPU.
    pub fn loaded_bytes(&self) -> u64 {
        self.0.weights.loaded_bytes()
    }

    /// Bytes of weights that a decoded token reads.
    pub fn bytes_per_token(&self) -> u64 {
        self.0.weights.bytes_per_token()
    }

    /// An empty sequence: allocates KV cache and activations and prepares the passes over them.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the memory or the device is gone; what was allocated is given back before this returns.
    pub async fn session(&self) -> Result<Session, Error> {
        self.device().ledger().phase("session");
        match gemma4::Context::new(Rc::clone(&self.0.weights)).await {
            Ok(context) => Ok(Session::new(self.clone(), context)),
            Err(error) => Err(reclaimed(self.device(), error).await),
        }
    }

    /// What tells this model from others, computed once.
    pub(crate) async fn digest(&self) -> Result<[u8; 32], Error> {
        if let Some(known) = self.0.digest.get() {
            return Ok(*known);
        }
        let computed = digest(&**self.file().source(), self.file().header()).await?;
        Ok(*self.0.digest.get_or_init(|| computed))
    }
}

/// Waits until the buffers that a failure dropped are really free; the failure is what the caller has to hear of, not
/// that a lost device cannot wait.
async fn reclaimed(device: &Device, error: gemma4::Error) -> Error {
    let _ = device.wait().await;
    error.into()
}
