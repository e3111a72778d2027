//! Finding an adapter, and what is known about it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

use crate::{Error, Options};

/// A timer lent by the caller, since a browser's timer lives outside this crate.
pub type Pause = fn(Duration) -> Pin<Box<dyn Future<Output = ()>>>;

/// How long to wait between two requests for an adapter.
const PAUSE: Duration = Duration::from_millis(250);
/// How often to ask: five seconds in all.
const ATTEMPTS_MAX: u32 = 21;

#[cfg(target_arch = "wasm32")]
const REMEDY: &str = "switch on hardware acceleration in the browser's settings, update the graphics driver, and see \
chrome://gpu or about:support for the reason";
#[cfg(not(target_arch = "wasm32"))]
const REMEDY: &str = "install the graphics driver with Vulkan support; without a GPU, Debian's and Ubuntu's package \
mesa-vulkan-drivers brings a software one";

/// What an adapter says about itself. For people; nothing is decided by these names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdapterInfo {
    /// The name of the hardware.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `webgpu`.
    pub backend: String,
    /// The driver with its version, where it says so.
    pub driver: String,
    /// The kind of hardware.
    pub kind: AdapterKind,
}

/// The kind of hardware behind an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterKind {
    /// A graphics card with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU lent by a host system.
    Virtual,
    /// A software implementation.
    Cpu,
    /// The adapter does not tell, as in most browsers.
    Unknown,
}

impl std::fmt::Display for AdapterInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.backend)
    }
}

impl From<wgpu::AdapterInfo> for AdapterInfo {
    fn from(info: wgpu::AdapterInfo) -> AdapterInfo {
        let backend = match info.backend {
            wgpu::Backend::BrowserWebGpu => "webgpu".to_owned(),
            native => native.to_string().to_lowercase(),
        };
        AdapterInfo {
            name: if info.name.is_empty() { "unnamed adapter".to_owned() } else { info.name },
            backend,
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            kind: match info.device_type {
                wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
                wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
                wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
                wgpu::DeviceType::Cpu => AdapterKind::Cpu,
                wgpu::DeviceType::Other => AdapterKind::Unknown,
            },
        }
    }
}

/// The instance with the backends of this platform.
pub(crate) fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::PRIMARY,
        // The driver's own validation layers are for driver bugs, slow, and seldom installed.
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
}

/// The adapter that `options` name, or the strongest one.
pub(crate) async fn find(instance: &wgpu::Instance, options: &Options) -> Result<wgpu::Adapter, Error> {
    match &options.adapter {
        Some(wanted) => find_named(instance, wanted).await,
        None => find_strongest(instance, options.pause).await,
    }
}

async fn find_named(instance: &wgpu::Instance, wanted: &str) -> Result<wgpu::Adapter, Error> {
    let adapters = instance.enumerate_adapters(wgpu::Backends::PRIMARY).await;
    let mut available = Vec::new();
    for adapter in adapters {
        let info = AdapterInfo::from(adapter.get_info()).to_string();
        if info.to_lowercase().contains(&wanted.to_lowercase()) {
            return Ok(adapter);
        }
        available.push(info);
    }
    if available.is_empty() {
        return Err(Error::NoAdapter { attempts: 1, tried_seconds: 0, remedy: REMEDY });
    }
    let available = available.join(", ");
    Err(Error::NoAdapterNamed { wanted: wanted.to_owned(), available })
}

async fn find_strongest(instance: &wgpu::Instance, pause: Option<Pause>) -> Result<wgpu::Adapter, Error> {
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let found = repeat(pause, async || instance.request_adapter(&options).await.ok()).await;
    found.map_err(|error| match error {
        // A browser with WebGPU names its language features even before it has an adapter.
        Error::NoAdapter { .. } if cfg!(target_arch = "wasm32") && has_no_language(instance) => {
            Error::NoWebGpu
        }
        other => other,
    })
}

fn has_no_language(instance: &wgpu::Instance) -> bool {
    instance.wgsl_language_features().is_empty()
}

/// Asks until there is an answer. Chromium says that it has no adapter while its GPU process starts,
/// so asking once is not enough there; without a timer to wait with, asking again makes no sense.
async fn repeat<T>(pause: Option<Pause>, ask: impl AsyncFn() -> Option<T>) -> Result<T, Error> {
    if let Some(found) = ask().await {
        return Ok(found);
    }
    let Some(pause) = pause else {
        return Err(Error::NoAdapter { attempts: 1, tried_seconds: 0, remedy: REMEDY });
    };
    for _ in 1..ATTEMPTS_MAX {
        pause(PAUSE).await;
        if let Some(found) = ask().await {
            return Ok(found);
        }
    }
    let tried_seconds = (PAUSE * (ATTEMPTS_MAX - 1)).as_secs();
    Err(Error::NoAdapter { attempts: ATTEMPTS_MAX, tried_seconds, remedy: REMEDY })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn check(pause: Option<Pause>, answer_at: u32, expect: Result<u32, u32>) {
        let asked = Cell::new(0);
        let ask = async || {
            asked.set(asked.get() + 1);
            (asked.get() == answer_at).then_some(asked.get())
        };
        let got = pollster::block_on(repeat(pause, ask)).map_err(|error| match error {
            Error::NoAdapter { attempts, .. } => attempts,
            other => panic!("{other}"),
        });
        assert_eq!(got, expect, "an adapter that comes at request {answer_at}");
    }

    #[test]
    fn asks_again_for_some_seconds() {
        let no_wait: Pause = |_| Box::pin(std::future::ready(()));
        check(None, 1, Ok(1));
        check(None, 2, Err(1));
        check(Some(no_wait), 2, Ok(2));
        check(Some(no_wait), 21, Ok(21));
        check(Some(no_wait), 22, Err(21));
    }
}
