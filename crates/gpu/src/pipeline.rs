//! Compiled shaders and the buffers bound to them.

#[cfg(target_arch = "wasm32")]
use futures_util::future::try_join;
use std::collections::HashSet;
use std::sync::Arc;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::buffer::Allocation;
use crate::device::{Device, Inner};
use crate::error_scope::ErrorScopes;
use crate::faults::Fault;
use crate::{Buffer, Error, Shader};

/// A compiled shader. Clones share one pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline(pub(crate) Arc<Compiled>);

#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) name: &'static str,
    pub(crate) raw: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Pipeline {
    /// The shader's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }
}

/// A buffer, or a part of it, as one binding.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The buffer.
    pub buffer: &'a Buffer,
    /// First byte; a multiple of the device's offset alignment.
    pub offset: u64,
    /// Number of bytes, a multiple of 4; to the buffer's end where absent.
    pub bytes: Option<u64>,
}

impl<'a> From<&'a Buffer> for Binding<'a> {
    fn from(buffer: &'a Buffer) -> Binding<'a> {
        Binding { buffer, offset: 0, bytes: None }
    }
}

/// Buffers bound to one pipeline. It keeps their memory, and their charge, alive.
#[derive(Debug)]
pub struct BindGroup {
    pub(crate) raw: wgpu::BindGroup,
    _buffers: Box<[Arc<Allocation>]>,
}

impl Device {
    /// The pipeline of `shader`, compiled on first use and kept for the composed text.
    ///
    /// In a browser the compiler answers later: use [`Device::compile`] to hear it,
    /// or hear it as an error of the next [`Device::wait`], [`Device::read`] or [`Device::guarded`].
    ///
    /// # Errors
    /// [`Error::MissingFeature`], [`Error::Shader`], [`Error::DeviceLost`].
    pub fn pipeline(&self, shader: &Shader) -> Result<Pipeline, Error> {
        let inner = self.inner();
        let source = self.accept(shader)?;
        if let Some(known) = inner.pipelines.lock().get(&source) {
            return Ok(known.clone());
        }
        let pipeline = create_checked(inner, shader, &source)?;
        inner.counts.pipelines_created.add(1);
        inner.pipelines.lock().insert(source, pipeline.clone());
        Ok(pipeline)
    }

    /// As [`Device::pipeline`], but waits for the compiler's answer, so that also a browser's comes as an error.
    ///
    /// # Errors
    /// [`Error::MissingFeature`], [`Error::Shader`], [`Error::DeviceLost`].
    pub async fn compile(&self, shader: &Shader) -> Result<Pipeline, Error> {
        let inner = self.inner();
        let source = self.accept(shader)?;
        if let Some(known) = inner.pipelines.lock().get(&source) {
            return Ok(known.clone());
        }
        let scopes = ErrorScopes::open(&inner.device);
        let (module, pipeline) = create(inner, shader, &source);
        let caught = scopes.close();
        let told = module.get_compilation_info();
        if let Some(fault) = caught.await {
            let message = first_error(told.await);
            inner.faults.check_alive()?;
            return Err(refusal(shader, &source, fault, message, inner));
        }
        inner.faults.check_alive()?;
        let pipeline = finish(shader, pipeline);
        inner.counts.pipelines_created.add(1);
        inner.pipelines.lock().insert(source, pipeline.clone());
        Ok(pipeline)
    }

    /// Compiles many shaders at once, so that [`Device::pipeline`] need not: on as many threads as there are processors, or in a browser
    /// by [`Options::browser_compiler`](crate::Options::browser_compiler). One that the device refuses is left for whoever asks for it.
    pub async fn compile_ahead(&self, shaders: &[Shader]) {
        let new = self.not_yet_compiled(shaders);
        #[cfg(not(target_arch = "wasm32"))]
        compile_in_threads(self, &new, &AtomicBool::new(false));
        #[cfg(target_arch = "wasm32")]
        if let Some(compile) = self.inner().browser_compiler.filter(|_| !new.is_empty()) {
            let texts = new.into_iter().map(|shader| (shader.name(), shader.source())).collect();
            compile(self.inner().label, texts).await;
        }
    }

    /// The outcome of `work`, while which the shaders are compiled as [`Device::compile_ahead`] does; both are done then, or work has
    /// failed and no more is compiled.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn compile_beside<T, E>(
        &self,
        shaders: Vec<Shader>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        #[cfg(not(target_arch = "wasm32"))]
        {
            let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
            let compiling = std::thread::spawn({
                let (device, stop) = (self.clone(), Arc::clone(&stop.0));
                move || compile_in_threads(&device, &device.not_yet_compiled(&shaders), &stop)
            });
            let outcome = work.await;
            stop.0.store(outcome.is_err(), Ordering::Relaxed);
            compiling.join().expect("what cannot be compiled is an error and no panic");
            outcome
        }
        #[cfg(target_arch = "wasm32")]
        {
            let compiling = async {
                self.compile_ahead(&shaders).await;
                Ok(())
            };
            try_join(work, compiling).await.map(|(value, ())| value)
        }
    }

    /// Gives up the pipelines that nothing is bound to and that are of none of these shaders, if there are more than `unused_max`:
    /// each holds memory of the driver that no ledger sees. Whoever asks for one again has it compiled again.
    pub fn give_up_pipelines(&self, unused_max: usize, shaders: &[Shader]) {
        let wanted: HashSet<String> = shaders.iter().map(Shader::source).collect();
        let mut pipelines = self.inner().pipelines.lock();
        let unused = |source: &String, pipeline: &Pipeline| {
            Arc::strong_count(&pipeline.0) == 1 && !wanted.contains(source)
        };
        if pipelines.iter().filter(|(source, pipeline)| unused(source, pipeline)).count() > unused_max {
            pipelines.retain(|source, pipeline| !unused(source, pipeline));
        }
    }

    /// Each shader once, without those that are there or that the device has no features for.
    fn not_yet_compiled<'a>(&self, shaders: &'a [Shader]) -> Vec<&'a Shader> {
        let known = |shader: &Shader| self.inner().pipelines.lock().contains_key(&shader.source());
        let mut seen = HashSet::new();
        let mut new: Vec<&Shader> = shaders.iter().collect();
        new.retain(|&shader| seen.insert(shader) && self.lacks(shader).is_none() && !known(shader));
        new
    }

    fn accept(&self, shader: &Shader) -> Result<String, Error> {
        self.inner().faults.check_alive()?;
        match self.lacks(shader) {
            Some(feature) => Err(Error::MissingFeature { name: shader.name().to_owned(), feature }),
            None => Ok(shader.source()),
        }
    }

    /// An optional ability that a shader uses and this device does not have, in words.
    #[must_use]
    pub fn lacks(&self, shader: &Shader) -> Option<&'static str> {
        let (needs, has) = (shader.needs(), self.features());
        let least_subgroup = has.subgroups.map_or(0, |(least, _)| least);
        let missing = [
            (needs.f16 && !has.f16, "half precision (shader-f16)"),
            (needs.subgroups > least_subgroup, subgroups_of(needs.subgroups, least_subgroup)),
            (needs.dot4 && !has.dot4, "packed 8-bit dot products (packed_4x8_integer_dot_product)"),
            (needs.cooperative && !has.cooperative_matrix, "cooperative matrices"),
            (
                u64::from(needs.invocations) > self.limits().invocations_max,
                "workgroups of so many invocations",
            ),
            (
                u64::from(needs.workgroup_bytes) > self.limits().workgroup_bytes_max,
                "so much workgroup memory",
            ),
        ];
        missing.into_iter().find_map(|(missing, feature)| missing.then_some(feature))
    }

    /// Binds `bindings[i]` to `@group(0) @binding(i)` of `pipeline`.
    ///
    /// The layout is the one the shader implies, so every declared binding must be used by the shader,
    /// and the result serves this pipeline only.
    ///
    /// # Panics
    /// When a binding is misaligned, empty, past the end of its buffer or larger than the device allows.
    #[must_use]
    pub fn bind(&self, pipeline: &Pipeline, bindings: &[Binding<'_>]) -> BindGroup {
        let inner = self.inner();
        let entries: Vec<_> = bindings
            .iter()
            .zip(0u32..)
            .map(|(binding, slot)| wgpu::BindGroupEntry {
                binding: slot,
                resource: wgpu::BindingResource::Buffer(self.range(pipeline, slot, binding)),
            })
            .collect();
        let raw = inner.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(pipeline.name()),
            layout: &pipeline.0.layout,
            entries: &entries,
        });
        inner.counts.bind_groups_created.add(1);
        BindGroup { raw, _buffers: bindings.iter().map(|binding| binding.buffer.allocation()).collect() }
    }

    fn range<'a>(&self, pipeline: &Pipeline, slot: u32, binding: &Binding<'a>) -> wgpu::BufferBinding<'a> {
        let Binding { buffer, offset, bytes } = *binding;
        let place = format_args!("`{}` at binding {slot} of `{}`", buffer.name(), pipeline.name());
        let (alignment, bytes_max) = buffer.usage().binding_rules(self.limits());
        assert!(
            offset.is_multiple_of(alignment),
            "{place}: offset {offset} is not a multiple of {alignment}"
        );
        assert!(offset < buffer.bytes(), "{place}: offset {offset} in a buffer of {}", buffer.bytes());
        let bytes = bytes.unwrap_or(buffer.bytes() - offset);
        assert!(
            bytes > 0 && bytes.is_multiple_of(4),
            "{place}: {bytes} bytes are not a positive multiple of 4"
        );
        assert!(
            bytes <= buffer.bytes() - offset,
            "{place}: {bytes} bytes at {offset} in a buffer of {}",
            buffer.bytes()
        );
        assert!(bytes <= bytes_max, "{place}: {bytes} bytes, one binding has at most {bytes_max}");
        wgpu::BufferBinding { buffer: buffer.raw(), offset, size: wgpu::BufferSize::new(bytes) }
    }
}

/// Ends the compiling beside work that nobody awaits any more.
#[cfg(not(target_arch = "wasm32"))]
struct StopOnDrop(Arc<AtomicBool>);

#[cfg(not(target_arch = "wasm32"))]
impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn compile_in_threads(device: &Device, shaders: &[&Shader], stop: &AtomicBool) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(shaders.len()) {
            scope.spawn(|| {
                while let Some(shader) = shaders.get(next.fetch_add(1, Ordering::Relaxed))
                    && !stop.load(Ordering::Relaxed)
                {
                    // Who needs it is told why there is none.
                    let _ = device.pipeline(shader);
                }
            });
        }
    });
}

/// Names what is missing where subgroups of one size are wanted and may be smaller, or where there are none.
fn subgroups_of(wanted: u32, least: u32) -> &'static str {
    match wanted {
        _ if least == 0 => "subgroups",
        5..=8 => "subgroups of 8 or more",
        9..=16 => "subgroups of 16 or more",
        17..=32 => "subgroups of 32 or more",
        33..=64 => "subgroups of 64 or more",
        _ => "subgroups of 128",
    }
}

fn create(inner: &Inner, shader: &Shader, source: &str) -> (wgpu::ShaderModule, wgpu::ComputePipeline) {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(shader.name()),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    };
    // SAFETY: a `Shader` promises what the checks would ensure. Every one is a kernel of our own, whose cases run with poisoned
    // words behind every buffer.
    let module = unsafe {
        inner.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
    };
    let pipeline = inner.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(shader.name()),
        layout: None,
        module: &module,
        entry_point: Some(shader.name()),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    (module, pipeline)
}

#[cfg(not(target_arch = "wasm32"))]
fn create_checked(inner: &Inner, shader: &Shader, source: &str) -> Result<Pipeline, Error> {
    use crate::signal::now;

    let scopes = ErrorScopes::open(&inner.device);
    let (module, pipeline) = create(inner, shader, source);
    let caught = scopes.close();
    if let Some(fault) = now(caught).flatten() {
        let message = now(module.get_compilation_info()).and_then(first_error);
        return Err(refusal(shader, source, fault, message, inner));
    }
    inner.faults.check_alive()?;
    Ok(finish(shader, pipeline))
}

// An error scope here would swallow what the browser says, since nobody could wait for it.
#[cfg(target_arch = "wasm32")]
fn create_checked(inner: &Inner, shader: &Shader, source: &str) -> Result<Pipeline, Error> {
    let (_, pipeline) = create(inner, shader, source);
    Ok(finish(shader, pipeline))
}

fn finish(shader: &Shader, raw: wgpu::ComputePipeline) -> Pipeline {
    let layout = raw.get_bind_group_layout(0);
    Pipeline(Arc::new(Compiled { name: shader.name(), raw, layout }))
}

fn first_error(info: wgpu::CompilationInfo) -> Option<wgpu::CompilationMessage> {
    info.messages.into_iter().find(|message| message.message_type == wgpu::CompilationMessageType::Error)
}

fn refusal(
    shader: &Shader,
    source: &str,
    fault: Fault,
    told: Option<wgpu::CompilationMessage>,
    inner: &Inner,
) -> Error {
    // Naga gives an empty place at the start for errors that concern a whole function.
    let place = told.and_then(|told| told.location).filter(|place| place.offset > 0 || place.length > 0);
    let line = place.map(|place| place.line_number as usize);
    match fault {
        Fault::OutOfMemory => fault.into_error(&inner.ledger),
        Fault::Validation(message) | Fault::Internal(message) => Error::Shader {
            name: shader.name().to_owned(),
            message: message.trim_end().to_owned(),
            excerpt: line.map(|line| excerpt(source, line)).unwrap_or_default(),
        },
    }
}

/// Lines shown before and after the one with the error.
const EXCERPT_LINES: usize = 2;

fn excerpt(source: &str, line: usize) -> String {
    let first = line.saturating_sub(EXCERPT_LINES).max(1);
    source
        .lines()
        .zip(1..)
        .skip(first - 1)
        .take_while(|&(_, number)| number <= line + EXCERPT_LINES)
        .map(|(text, number)| format!("\n{number:>5} {} {text}", if number == line { '>' } else { '|' }))
        .collect()
}
