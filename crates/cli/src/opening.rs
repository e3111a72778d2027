//! From the command line to an open file, device and model.

use std::path::PathBuf;
use std::rc::Rc;

use engine::gemma4::{Error as ModelError, Plan};
use engine::gpu::Limits;
use engine::{Device, Error, LoadOptions, Memory, Model, ModelFile, ReadAt};

use crate::digest::verify;
use crate::failure::Failure;
use crate::fitting;
use crate::interrupt::Interrupt;
use crate::options::{DeviceOptions, ModelArgument};
use crate::source::MappedFile;
use crate::store;
use crate::terminal::{Chatter, byte_bar};

/// A model's file whose header has been read.
pub(crate) struct Opened {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// The file.
    pub(crate) file: ModelFile,
}

impl Opened {
    /// Names the file in an error.
    pub(crate) fn in_file(&self) -> impl Fn(engine::Error) -> Failure + use<> {
        in_file(self.path.clone())
    }
}

/// Finds, verifies where asked to, and opens a model's file.
pub(crate) async fn open_file(argument: &ModelArgument, chatter: Chatter) -> Result<Opened, Failure> {
    let located = store::locate(&argument.model, &store::folders())?;
    let source: Rc<dyn ReadAt> = match located.built_in {
        Some(bytes) => Rc::new(Memory(bytes)),
        None => Rc::new(MappedFile::open(&located.path)?),
    };
    if argument.verify {
        let Some(digest) = &located.digest else {
            return Err(Failure::NothingToVerify { path: located.path });
        };
        let bar = byte_bar("verifying", source.size(), chatter);
        verify(&located.path, digest, &mut |done| bar.set_position(done))?;
        bar.finish_and_clear();
    }
    let file = ModelFile::open(source).await.map_err(in_file(located.path.clone()))?;
    Ok(Opened { path: located.path, file })
}

/// Opens the device.
pub(crate) async fn open_device(options: &DeviceOptions) -> Result<Device, Failure> {
    let request = engine::gpu::Options {
        profile: options.profile,
        budget: options.budget,
        adapter: options.adapter.clone(),
        ..engine::gpu::Options::default()
    };
    Device::request(&request).await.map_err(|error| Failure::Engine(error.into()))
}

/// The plan for these options; one that does not fit their budget fails with what makes it fit.
pub(crate) fn plan(opened: &Opened, options: &LoadOptions, limits: &Limits) -> Result<Plan, Failure> {
    opened.file.plan(options, limits).map_err(|error| match error {
        Error::Model(ModelError::OverBudget { needed, budget, context, chunk }) => {
            let remedy = fitting::remedy(&opened.file, options, limits, context, chunk);
            Failure::OverBudget { needed, budget, context, chunk, remedy }
        }
        error => opened.in_file()(error),
    })
}

/// Loads a model with a progress bar; Ctrl-C stops it.
pub(crate) async fn load(
    device: &Device,
    opened: Opened,
    options: &LoadOptions,
    interrupt: &Interrupt,
    chatter: Chatter,
) -> Result<Model, Failure> {
    let ledger = device.ledger();
    let left = ledger.budget().map(|budget| budget.saturating_sub(ledger.bytes()));
    plan(&opened, &LoadOptions { budget: options.budget.or(left), ..options.clone() }, device.limits())?;
    let bar = byte_bar("loading", 0, chatter);
    let in_this_file = opened.in_file();
    let mut observe = |progress: engine::LoadProgress<'_>| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    };
    let loading = Model::load(device, opened.file, options, interrupt.cancel(), &mut observe);
    let model = interrupt.stops(loading).await;
    bar.finish_and_clear();
    let model = model.map_err(in_this_file)?;
    // Nothing looks at it while what is left is compiled.
    interrupt.check()?;
    Ok(model)
}

/// The file is named in what may be its fault; a device that has no memory is not.
fn in_file(path: PathBuf) -> impl Fn(engine::Error) -> Failure {
    move |error| match error.code() {
        _ if matches!(error, engine::Error::Gpu(_)) => Failure::Engine(error),
        "CANCELLED" => Failure::Interrupted,
        "BAD_OPTION" | "OVER_BUDGET" => Failure::Engine(error),
        _ => Failure::Model { path: path.clone(), error },
    }
}
