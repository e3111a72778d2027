//! A model whose weights are on the GPU.

use engine::LoadProgress;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::device::{Cancel, Device};
use crate::error::Error;
use crate::session::Session;
use crate::source::Source;
use crate::{json, model_file, options, text};

/// A loaded model.
#[wasm_bindgen]
pub struct Model {
    inner: engine::Model,
}

#[wasm_bindgen]
impl Model {
    /// A promise of the model on this device. `observe(done, total, name)` hears of every piece that is on the GPU;
    /// what it throws is ignored.
    ///
    /// Rejects with `CANCELLED`, and with the errors of the file, of the plan and of the device. All GPU memory that
    /// was taken is given back then, and the next attempt works.
    pub fn load(
        device: &Device,
        source: &Source,
        options: JsValue,
        cancel: &Cancel,
        observe: Function,
    ) -> Promise {
        let (device, reader, cancel) = (device.inner(), source.reader(), cancel.inner());
        future_to_promise(async move {
            let options = options::load(&options, &device)?;
            let file = engine::ModelFile::open(reader).await.map_err(Error::from)?;
            let mut observe = |progress: LoadProgress<'_>| {
                let [done, total] = [progress.done, progress.total].map(|bytes| JsValue::from(bytes as f64));
                // A progress bar that fails is no reason to stop loading.
                let _shown = observe.call3(&JsValue::UNDEFINED, &done, &total, &progress.name.into());
            };
            let model = engine::Model::load(&device, file, &options, &cancel, &mut observe).await;
            Ok(Model { inner: model.map_err(Error::from)? }.into())
        })
    }

    /// A promise of a new session, with its own KV cache and activations.
    ///
    /// Rejects with `OUT_OF_MEMORY` and other errors of the device.
    pub fn session(&self) -> Promise {
        let model = self.inner.clone();
        future_to_promise(async move {
            let session = model.session().await.map_err(Error::from)?;
            Ok(Session::new(session).into())
        })
    }

    /// Name, architecture, size and tensor table of the file.
    ///
    /// Throws `BAD_FILE` for a name that is no text.
    pub fn describe(&self) -> Result<JsValue, JsValue> {
        Ok(model_file::description(self.inner.file())?)
    }

    /// Every buffer of this model and of one session.
    pub fn plan(&self) -> JsValue {
        model_file::described(self.inner.plan())
    }

    /// The ids of a text; nothing in it is special.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        text::encode(self.inner.file(), text)
    }

    /// The text of ids.
    pub fn decode(&self, ids: &[u32]) -> String {
        text::decode(self.inner.file(), ids)
    }

    /// `{text, ids, opens_thinking}` of `{messages, tools, enable_thinking, add_generation_prompt}`.
    ///
    /// Throws the errors of the template.
    pub fn render(&self, conversation: JsValue) -> Result<JsValue, JsValue> {
        Ok(json::to_js(&text::render(self.inner.file(), &conversation)?))
    }
}
