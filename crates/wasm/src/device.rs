//! The GPU, its memory ledger, and the wish to stop.

use std::rc::Rc;

use engine::gpu;
use js_sys::Promise;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::Error;
use crate::{ahead, json, timer};

/// An open GPU device.
#[wasm_bindgen]
pub struct Device {
    inner: Rc<gpu::Device>,
    /// As in [`gpu::Options`].
    subgroups: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    profile: Option<String>,
    budget: Option<u64>,
    subgroups: bool,
    #[serde(rename = "adapterName")]
    adapter_name: Option<String>,
}

#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    adapter: &'a gpu::AdapterInfo,
    limits: &'a gpu::Limits,
    features: &'a gpu::Features,
}

#[derive(Serialize)]
struct Tried {
    choice: engine::tiers::Choice,
    rows: Vec<engine::tiers::TierRow>,
}

#[derive(Serialize)]
struct Memory {
    #[serde(flatten)]
    snapshot: gpu::Snapshot,
    /// The snapshot in one line for people.
    line: String,
}

#[wasm_bindgen]
impl Device {
    /// A promise of the strongest device; `{profile, budget, subgroups, adapterName}` may name a smaller device to pretend to
    /// be, the most bytes of GPU memory to use, whether devices are asked for with subgroups (`subgroups.ts`), and what the
    /// adapter is called (`adapter.ts`). Asks again for some seconds, since browsers may still be starting their GPU.
    ///
    /// Rejects with `NO_WEBGPU`, `NO_ADAPTER`, `NO_DEVICE`, `UNKNOWN_PROFILE` or `BAD_OPTION`.
    pub fn open(options: JsValue) -> Promise {
        future_to_promise(async move {
            let options: Options = json::from_js("device options", &options)?;
            let profile = options.profile.map(|name| name.parse()).transpose().map_err(engine_error)?;
            let options = gpu::Options {
                profile,
                budget: options.budget,
                browser_subgroups: options.subgroups,
                browser_adapter_name: options.adapter_name,
                pause: Some(timer::pause),
                browser_compiler: Some(ahead::compile),
                ..gpu::Options::default()
            };
            let device = gpu::Device::request(&options).await.map_err(engine_error)?;
            Ok(Device { inner: Rc::new(device), subgroups: options.browser_subgroups }.into())
        })
    }

    /// Name, backend, limits and features of the adapter.
    pub fn describe(&self) -> JsValue {
        json::to_js(&Description {
            adapter: self.inner.adapter(),
            limits: self.inner.limits(),
            features: self.inner.features(),
        })
    }

    /// The memory ledger: bytes now and at most, by account, scope and phase, and `line`, the same for people.
    pub fn memory(&self) -> JsValue {
        self.inner.ledger().set_linear_memory(linear_memory_bytes());
        let snapshot = self.inner.memory();
        json::to_js(&Memory { line: snapshot.to_string(), snapshot })
    }

    /// How often things happened since the device was opened: submits, dispatches, buffers, bytes.
    pub fn counters(&self) -> JsValue {
        json::to_js(&self.inner.counters())
    }

    /// A promise of `{choice: {token, prompt}, rows}`: the best tiers of this adapter, and what came of trying each, on a
    /// device of its own that is given up again.
    ///
    /// Rejects as `open` does.
    #[wasm_bindgen(js_name = tryTiers)]
    pub fn try_tiers(&self) -> Promise {
        let (profile, browser_subgroups) = (self.inner.profile(), self.subgroups);
        let browser_adapter_name = Some(self.inner.adapter().name.clone());
        future_to_promise(async move {
            let pause: Option<gpu::Pause> = Some(timer::pause);
            let options = gpu::Options {
                profile,
                browser_subgroups,
                browser_adapter_name,
                pause,
                browser_compiler: Some(ahead::compile),
                label: Some("rullama trial"),
                ..gpu::Options::default()
            };
            let device = gpu::Device::request(&options).await.map_err(engine_error)?;
            let tried = engine::tiers::choose(&device).await;
            device.destroy();
            let (choice, rows) = tried.map_err(Error::Engine)?;
            Ok(json::to_js(&Tried { choice, rows }))
        })
    }

    /// Whether the device was lost: it has to be opened again.
    #[wasm_bindgen(js_name = isLost)]
    pub fn is_lost(&self) -> bool {
        self.inner.is_lost()
    }

    /// Gives the device up at once; everything on it is gone.
    pub fn destroy(&self) {
        self.inner.destroy();
    }
}

impl Device {
    pub(crate) fn inner(&self) -> Rc<gpu::Device> {
        Rc::clone(&self.inner)
    }
}

fn engine_error(error: gpu::Error) -> Error {
    Error::Engine(error.into())
}

/// Bytes of WebAssembly's memory. It only ever grows, so this is also its peak.
fn linear_memory_bytes() -> u64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    // As a number of JavaScript: 4 GiB are more than 32 bits hold.
    let bytes = js_sys::Reflect::get(&memory.buffer(), &"byteLength".into());
    bytes.ok().and_then(|bytes| bytes.as_f64()).unwrap_or_default() as u64
}

/// A wish to stop, shared with the calls that it was given to.
#[wasm_bindgen]
#[derive(Default)]
pub struct Cancel {
    inner: engine::Cancel,
}

#[wasm_bindgen]
impl Cancel {
    /// A wish not yet made.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Makes it: work under way ends at the next place where it can.
    pub fn cancel(&self) {
        self.inner.cancel();
    }
}

impl Cancel {
    pub(crate) fn inner(&self) -> engine::Cancel {
        self.inner.clone()
    }
}
