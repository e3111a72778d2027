//! Cases: what every kernel is checked on. A case knows its shaders, how to fill its buffers from a fixed seed, and
//! what its outputs must be; [`check`] runs it on a device. The same list serves the shader tests, the native tests
//! and the browser, so it reads no file, no clock and starts no thread.

pub(crate) mod buffers;
mod compare;
pub(crate) mod parts;
pub(crate) mod random;
mod speed;
pub(crate) mod weights;

pub use compare::{Expected, Outcome, Output};
pub use speed::{copy_probe, multiply_probes, speed};

use crate::op::Op;
use crate::probe::Numbers;
use gpu::{Device, Error, Shader};
use std::cmp::Reverse;
use std::collections::HashSet;

/// How far a result may be from the reference.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Largest error, as a part of the largest expected magnitude of the same output.
    pub relative: f32,
    /// Why it is not smaller.
    pub reason: &'static str,
}

/// That of a case which only measures.
pub(crate) const UNCHECKED: Tolerance =
    Tolerance { relative: 0.0, reason: "there are no outputs to compare" };

/// One check of one kernel.
pub struct Case {
    /// The kernel's name, which is also its folder's.
    pub kernel: &'static str,
    /// What is special about this case; unique within the kernel.
    pub name: String,
    /// Every shader the case runs.
    pub shaders: Vec<Shader>,
    /// How far the result may be from the reference.
    pub tolerance: Tolerance,
    /// The least bytes that memory must move: every input that is needed read once, every output written once.
    pub bytes: u64,
    /// Multiplications and additions of the formula; 0 where they are negligible beside the traffic.
    pub flops: u64,
    /// What the operations work on, and so which of an adapter's rates they are a part of; none for those that no
    /// [`crate::probe`] measures.
    pub numbers: Option<Numbers>,
    /// How often the dispatches do the whole work.
    pub times: u32,
    prepare: Prepare,
}

type Prepare = Box<dyn Fn(&Device) -> Result<Prepared, Error>>;

/// A case on a device, ready to run.
pub struct Prepared {
    /// The dispatches, in order.
    pub ops: Vec<Op>,
    /// Tokens of the step.
    pub rows: u32,
    /// Outputs with what must be in them.
    pub outputs: Vec<Output>,
}

impl Case {
    /// A case that `prepare` puts on a device.
    pub(crate) fn new(
        kernel: &'static str,
        name: impl Into<String>,
        shaders: Vec<Shader>,
        tolerance: Tolerance,
        prepare: impl Fn(&Device) -> Result<Prepared, Error> + 'static,
    ) -> Case {
        let prepare = Box::new(prepare);
        let numbers = Some(Numbers::Float);
        Case { kernel, name: name.into(), shaders, tolerance, bytes: 0, flops: 0, numbers, times: 1, prepare }
    }

    /// States the least traffic and the operations.
    pub(crate) fn costing(mut self, bytes: u64, flops: u64) -> Case {
        self.bytes = bytes;
        self.flops = flops;
        self
    }

    /// States what the operations work on, where that is not f32.
    pub(crate) fn working_on(mut self, numbers: Option<Numbers>) -> Case {
        self.numbers = numbers;
        self
    }

    /// States that the dispatches do the whole work so often.
    pub(crate) fn repeated(mut self, times: u32) -> Case {
        self.times = times;
        self
    }

    /// An optional ability that the case needs and the device does not have, in words: it cannot run there.
    pub fn lacks(&self, device: &Device) -> Option<&'static str> {
        self.shaders.iter().find_map(|shader| device.lacks(shader))
    }

    /// Fills buffers and prepares the dispatches.
    ///
    /// # Errors
    /// Those of [`Device::buffer`] and [`Device::pipeline`].
    pub fn prepare(&self, device: &Device) -> Result<Prepared, Error> {
        (self.prepare)(device)
    }
}

/// Compiles the shaders of all cases at once: see [`Device::compile_ahead`].
pub async fn compile_ahead<'a>(device: &Device, cases: impl IntoIterator<Item = &'a Case>) {
    let shaders: Vec<Shader> = cases.into_iter().flat_map(|case| case.shaders.iter().cloned()).collect();
    device.compile_ahead(&shaders).await;
}

/// Runs a case once and compares its outputs with the reference.
///
/// # Errors
/// What the device refuses; a wrong result is an [`Outcome`] that has not passed.
///
/// # Panics
/// When the case runs a shader that it does not list.
pub async fn check(device: &Device, case: &Case) -> Result<Outcome, Error> {
    for shader in &case.shaders {
        device.compile(shader).await?;
    }
    let compiled = device.counters().pipelines_created;
    let prepared = device
        .guarded(|| {
            let prepared = case.prepare(device)?;
            let mut recorder = device.recorder();
            recorder.pass(case.kernel, |pass| {
                prepared.ops.iter().for_each(|op| op.record(pass, prepared.rows));
            });
            device.submit(recorder);
            Ok(prepared)
        })
        .await?;
    let unlisted = device.counters().pipelines_created - compiled;
    assert_eq!(unlisted, 0, "case `{} {}` runs shaders that it does not list", case.kernel, case.name);
    assert!(!prepared.outputs.is_empty(), "case `{} {}` has no output", case.kernel, case.name);
    let mut worst: Option<Outcome> = None;
    for output in &prepared.outputs {
        let bytes = device.read(&output.buffer, 0, output.buffer.bytes()).await?;
        let outcome = output.compare(&bytes, case.tolerance.relative);
        if worst.as_ref().is_none_or(|worst| outcome.error > worst.error) {
            worst = Some(outcome);
        }
    }
    Ok(worst.expect("at least one output was compared"))
}

/// Of the cases whose shaders are put together from the same files, the one that moves most bytes: what another compiler of the same
/// text is tried with, where all cases would take long.
pub fn compositions() -> Vec<Case> {
    let mut seen = HashSet::new();
    let mut cases = all();
    cases.sort_by_key(|case| Reverse(case.bytes));
    // All of a case's shaders count as seen, and not only the first that is new.
    cases.retain(|case| case.shaders.iter().filter(|shader| seen.insert(shader.composition())).count() > 0);
    cases
}

/// Every case of every kernel.
pub fn all() -> Vec<Case> {
    [
        crate::argmax::cases::cases,
        crate::attention::cases::cases,
        crate::embed::cases::cases,
        crate::expert_matvec::cases::cases,
        crate::expert_sum::cases::cases,
        crate::gelu_mul::cases::cases,
        crate::half_rows::cases::cases,
        crate::head_norm_rope::cases::cases,
        crate::matmul::cases::cases,
        crate::matvec::cases::cases,
        crate::norm_add::cases::cases,
        crate::norm_add_norm::cases::cases,
        crate::per_layer_combine::cases::cases,
        crate::probe::cases::cases,
        crate::rms_norm::cases::cases,
        crate::router_top_k::cases::cases,
        crate::token_attention::cases::cases,
        crate::top_k::cases::cases,
    ]
    .iter()
    .flat_map(|cases| cases())
    .collect()
}
