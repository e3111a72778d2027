//! The device: one adapter opened with the best it has.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::counters::Counts;
use crate::error_scope::ErrorScopes;
use crate::faults::{Fault, Faults};
use crate::graveyard::Graveyard;
use crate::ledger::DriverUse;
use crate::recorder::Submission;
use crate::signal::signal;
use crate::{
    AdapterInfo, Counters, Error, Features, Ledger, Limits, Pause, Pipeline, Profile, Scope, Shader,
    Snapshot, adapter,
};

/// Writes are handed to the queue when this many bytes wait, since each waiting byte is held twice.
const PENDING_WRITE_BYTES_MAX: u64 = 64 << 20;

/// What to open a device with. The default takes the strongest adapter with all it has.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A smaller device to pretend to be.
    pub profile: Option<Profile>,
    /// Bytes that all live buffers together may have; the smaller of this and the profile's budget holds.
    /// Bytes of dropped buffers that the queue still uses do not count: [`Device::wait`] before a large change.
    pub budget: Option<u64>,
    /// A part of the adapter's name or backend, in any case.
    pub adapter: Option<String>,
    /// In a browser: the caller has seen that the adapter has subgroups, and sees to it that devices are asked for with them, as
    /// wgpu does not yet do there. Elsewhere it means nothing.
    pub browser_subgroups: bool,
    /// In a browser: what to call the adapter, of which wgpu reads the description only, and browsers leave that empty. Elsewhere
    /// it means nothing.
    pub browser_adapter_name: Option<String>,
    /// A timer, needed to ask again for an adapter when a browser's GPU process is still starting.
    pub pause: Option<Pause>,
    /// In a browser: who compiles many shaders at once, which wgpu does not do there. Elsewhere it means nothing.
    pub browser_compiler: Option<BrowserCompiler>,
    /// What the device is called by the browser and the driver; `rullama` unless given.
    pub label: Option<&'static str>,
}

/// Compiles shaders, each with the name of its entry point, for the device of this label; the future ends when all are done. wgpu
/// must get what was compiled when it asks the browser for the same text.
pub type BrowserCompiler = fn(&'static str, Vec<(&'static str, String)>) -> Pin<Box<dyn Future<Output = ()>>>;

/// An open device. Clones share it; a clone made by [`Device::scoped`] charges its buffers to another scope.
#[derive(Clone, Debug)]
pub struct Device {
    inner: Arc<Inner>,
    scope: Scope,
    /// Shaders that were asked for, where they are only listed.
    listed: Option<Arc<Mutex<Vec<Shader>>>>,
}

#[cfg(not(target_arch = "wasm32"))]
const _: () = {
    const fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<Device>();
};

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) faults: Arc<Faults>,
    pub(crate) graveyard: Graveyard,
    pub(crate) counts: Counts,
    pub(crate) pipelines: Pipelines,
    features: Features,
    pub(crate) adapter: AdapterInfo,
    profile: Option<Profile>,
    pending_write_bytes: AtomicU64,
    #[cfg(target_arch = "wasm32")]
    pub(crate) label: &'static str,
    #[cfg(target_arch = "wasm32")]
    pub(crate) browser_compiler: Option<BrowserCompiler>,
    latest_index: Mutex<Option<wgpu::SubmissionIndex>>,
    /// How long the last wait was: whether the next is worth hurrying.
    pub(crate) last_wait_micros: AtomicU64,
}

/// Compiled shaders by their composed text.
#[derive(Debug, Default)]
pub(crate) struct Pipelines(Mutex<HashMap<String, Pipeline>>);

impl Pipelines {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<String, Pipeline>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Device {
    /// Opens a device.
    ///
    /// # Errors
    /// [`Error::NoWebGpu`], [`Error::NoAdapter`], [`Error::NoAdapterNamed`], [`Error::NoDevice`].
    pub async fn request(options: &Options) -> Result<Device, Error> {
        let instance = adapter::instance();
        let adapter = adapter::find(&instance, options).await?;
        let mut info = AdapterInfo::from(adapter.get_info());
        if let Some(name) = options.browser_adapter_name.as_ref().filter(|_| cfg!(target_arch = "wasm32")) {
            info.name.clone_from(name);
        }
        let mut limits = adapter.limits();
        let mut features =
            Features::of(&adapter, instance.wgsl_language_features(), options.browser_subgroups);
        if let Some(profile) = options.profile {
            limits = profile.cap_limits(limits);
            features = profile.cap_features(features);
        }
        let budget = options.budget.into_iter().chain(options.profile.and_then(Profile::budget)).min();
        let label = options.label.unwrap_or("rullama");
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some(label),
                required_features: features.required(),
                experimental_features: features.experimental(),
                required_limits: limits.clone(),
                // Large blocks would hold memory that the ledger cannot see.
                memory_hints: wgpu::MemoryHints::MemoryUsage,
                ..wgpu::DeviceDescriptor::default()
            })
            .await
            .map_err(|error| Error::NoDevice { adapter: info.to_string(), message: error.to_string() })?;

        let faults = listen(&device);
        let ledger = Ledger::new(budget);
        let scope = ledger.root().clone();
        let inner = Arc::new(Inner {
            device,
            queue,
            ledger,
            limits: Limits::from(&limits),
            faults,
            graveyard: Graveyard::default(),
            counts: Counts::default(),
            pipelines: Pipelines::default(),
            features,
            adapter: info,
            profile: options.profile,
            pending_write_bytes: AtomicU64::new(0),
            #[cfg(target_arch = "wasm32")]
            label,
            #[cfg(target_arch = "wasm32")]
            browser_compiler: options.browser_compiler,
            latest_index: Mutex::default(),
            last_wait_micros: AtomicU64::new(0),
        });
        Ok(Device { inner, scope, listed: None })
    }

    /// The same device, charging what it makes to `scope`.
    ///
    /// # Panics
    /// When the scope belongs to the ledger of another device.
    #[must_use]
    pub fn scoped(&self, scope: &Scope) -> Device {
        assert!(
            scope.belongs_to(self.ledger()),
            "scope `{}` belongs to the ledger of another device",
            scope.name()
        );
        Device { scope: scope.clone(), ..self.clone() }
    }

    /// The same device for finding out which shaders some work needs, so that [`Device::compile_ahead`] compiles them at once: whoever
    /// makes dispatches asks [`Device::lists`] first.
    #[must_use]
    pub fn listing(&self) -> Device {
        Device { listed: Some(Arc::default()), ..self.clone() }
    }

    /// Whether this device only lists shaders; if so, this one is now among them.
    #[must_use]
    pub fn lists(&self, shader: &Shader) -> bool {
        let Some(listed) = &self.listed else { return false };
        listed.lock().unwrap_or_else(PoisonError::into_inner).push(shader.clone());
        true
    }

    /// The shaders that were listed, in their order, with repetitions; none are left.
    #[must_use]
    pub fn take_listed(&self) -> Vec<Shader> {
        let listed = self.listed.as_ref().map(|listed| listed.lock().unwrap_or_else(PoisonError::into_inner));
        listed.map(|mut listed| std::mem::take(&mut *listed)).unwrap_or_default()
    }

    /// What the adapter says about itself.
    #[must_use]
    pub fn adapter(&self) -> &AdapterInfo {
        &self.inner.adapter
    }

    /// The limits, as capped by the profile.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The features, as capped by the profile.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.inner.features
    }

    /// The profile the device was opened with.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        self.inner.profile
    }

    /// The memory ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// The scope that this handle charges to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The ledger's snapshot, natively with what the allocator below holds.
    #[must_use]
    pub fn memory(&self) -> Snapshot {
        let driver = self.inner.device.generate_allocator_report().map(|report| DriverUse {
            allocated_bytes: report.total_allocated_bytes,
            reserved_bytes: report.total_reserved_bytes,
        });
        Snapshot { driver, ..self.inner.ledger.snapshot() }
    }

    /// What has been asked of the device so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.inner.counts.read()
    }

    /// Waits until all submitted work is done.
    ///
    /// # Errors
    /// [`Error::DeviceLost`]; [`Error::Validation`] and the like when any work since the last wait was refused.
    pub async fn wait(&self) -> Result<(), Error> {
        self.inner.faults.check_alive()?;
        self.inner.flush_writes();
        self.passed().await
    }

    /// Waits, when it is awaited, for what has been submitted when this is called, and not for what comes later.
    ///
    /// # Errors
    /// As [`Device::wait`].
    pub fn passed(&self) -> impl Future<Output = Result<(), Error>> + use<> {
        let inner = Arc::clone(&self.inner);
        let serial = inner.ledger.latest_submission();
        let index = inner.latest_index();
        let (sender, done) = signal();
        inner.queue.on_submitted_work_done(move || sender.send(()));
        async move {
            inner.faults.check_alive()?;
            inner.arrival(done, index).await?;
            inner.ledger.passed(serial);
            inner.faults.surface(&inner.ledger)
        }
    }

    /// Runs `work` so that everything the GPU refuses in it comes back as an error here, in a browser too.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::DriverOutOfMemory`], [`Error::Validation`], [`Error::Internal`],
    /// [`Error::DeviceLost`]. What `work` made is dropped then.
    pub async fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.inner.faults.check_alive()?;
        let scopes = ErrorScopes::open(&self.inner.device);
        let value = work();
        let caught = scopes.close().await;
        self.inner.faults.check_alive()?;
        match (value, caught) {
            (Ok(_), Some(fault)) => Err(fault.into_error(&self.inner.ledger)),
            (value, _) => value,
        }
    }

    /// Whether the device was lost. Nothing on it is of use then.
    pub fn is_lost(&self) -> bool {
        self.inner.faults.check_alive().is_err()
    }

    /// Gives the device up at once. Everything on it is gone, and every later call that can fail does.
    pub fn destroy(&self) {
        self.inner.faults.lose("it was destroyed by this program");
        self.inner.device.destroy();
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

/// Keeps what the device reports when no call is waiting.
fn listen(device: &wgpu::Device) -> Arc<Faults> {
    let faults = Arc::new(Faults::default());
    let noted = Arc::clone(&faults);
    device.on_uncaptured_error(Arc::new(move |error| noted.note(Fault::from(error))));
    let lost = Arc::clone(&faults);
    device.set_device_lost_callback(move |reason, message| {
        lost.lose(if message.is_empty() { lost_reason(reason) } else { &message });
    });
    faults
}

fn lost_reason(reason: wgpu::DeviceLostReason) -> &'static str {
    match reason {
        wgpu::DeviceLostReason::Destroyed => "it was destroyed",
        wgpu::DeviceLostReason::Unknown => "the driver gives no reason",
    }
}

impl Inner {
    /// Hands commands, and all writes that wait, to the queue.
    pub(crate) fn submit(&self, commands: Option<wgpu::CommandBuffer>) -> Submission {
        self.latest_index.lock().unwrap_or_else(PoisonError::into_inner).replace(self.queue.submit(commands));
        self.pending_write_bytes.store(0, Relaxed);
        self.counts.submits.add(1);
        let serial = self.ledger.submitted();
        // Only asked for when there is something to learn: a callback for each token would cost more than it tells.
        if self.ledger.has_retired() {
            let ledger = self.ledger.clone();
            self.queue.on_submitted_work_done(move || ledger.passed(serial));
        }
        Submission(serial)
    }

    /// The driver's own number of the latest submission, to wait for that one and no later one.
    pub(crate) fn latest_index(&self) -> Option<wgpu::SubmissionIndex> {
        self.latest_index.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn bound_pending_writes(&self, bytes: u64) {
        let pending = self.pending_write_bytes.fetch_add(bytes, Relaxed) + bytes;
        if pending >= PENDING_WRITE_BYTES_MAX {
            self.flush_writes();
        }
    }

    fn flush_writes(&self) {
        if self.pending_write_bytes.load(Relaxed) > 0 {
            self.submit(None);
        }
    }

    /// Blocks until submission `index`, or the latest one, is finished and its callbacks have run.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn block_on_queue(&self, index: Option<wgpu::SubmissionIndex>) -> Result<(), Error> {
        let wait = wgpu::PollType::Wait { submission_index: index, timeout: None };
        match self.device.poll(wait) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.faults.check_alive()?;
                Err(Error::Internal { message: error.to_string() })
            }
        }
    }
}
