//! A file whose header has been read: what it holds and what it would need, before any GPU memory is taken.

use std::rc::Rc;

use engine::gemma4::Plan;
use engine::gpu::Account;
use js_sys::Promise;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::device::Device;
use crate::error::Error;
use crate::source::Source;
use crate::{json, options, text};

/// A model file, not loaded.
#[wasm_bindgen]
pub struct ModelFile {
    inner: Rc<engine::ModelFile>,
}

#[derive(Serialize)]
struct Description<'a> {
    name: Option<&'a str>,
    architecture: Option<&'a str>,
    version: u32,
    file_bytes: u64,
    tensors: Vec<Tensor<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: String,
    shape: &'a [u64],
    offset: u64,
    bytes: u64,
}

#[wasm_bindgen]
impl ModelFile {
    /// A promise of the file's header, checked.
    ///
    /// Rejects with `BAD_FILE`, `READ_FAILED` and the like.
    pub fn open(source: &Source) -> Promise {
        let reader = source.reader();
        future_to_promise(async move {
            let file = engine::ModelFile::open(reader).await.map_err(Error::from)?;
            Ok(ModelFile { inner: Rc::new(file) }.into())
        })
    }

    /// Name, architecture, size and tensor table.
    ///
    /// Throws `BAD_FILE` for a name that is no text.
    pub fn describe(&self) -> Result<JsValue, JsValue> {
        Ok(description(&self.inner)?)
    }

    /// Every buffer that loading with these options would make on this device.
    ///
    /// Throws `OVER_BUDGET`, `MISSING_TENSOR`, `UNSUPPORTED_TYPE` and the like.
    pub fn plan(&self, device: &Device, options: JsValue) -> Result<JsValue, JsValue> {
        let device = device.inner();
        let options = options::load(&options, &device)?;
        let plan = self.inner.plan(&options, device.limits()).map_err(Error::from)?;
        Ok(described(&plan))
    }

    /// The ids of a text; nothing in it is special.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        text::encode(&self.inner, text)
    }

    /// The text of ids.
    pub fn decode(&self, ids: &[u32]) -> String {
        text::decode(&self.inner, ids)
    }

    /// `{text, ids, opens_thinking}` of `{messages, tools, enable_thinking, add_generation_prompt}`.
    ///
    /// Throws the errors of the template.
    pub fn render(&self, conversation: JsValue) -> Result<JsValue, JsValue> {
        Ok(json::to_js(&text::render(&self.inner, &conversation)?))
    }
}

/// Name, architecture, size and tensor table of a file.
pub(crate) fn description(file: &engine::ModelFile) -> Result<JsValue, Error> {
    let header = file.header();
    let word = |key| header.metadata.str(key).map_err(|error| Error::Engine(error.into()));
    let tensors = header.tensors.iter().map(|tensor| Tensor {
        name: &tensor.name,
        kind: tensor.kind.to_string(),
        shape: &tensor.shape,
        offset: tensor.offset,
        bytes: tensor.bytes,
    });
    Ok(json::to_js(&Description {
        name: word("general.name")?,
        architecture: word("general.architecture")?,
        version: header.version,
        file_bytes: header.file_size,
        tensors: tensors.collect(),
    }))
}

/// A plan as data: bytes in all and by account, and its buffers.
pub(crate) fn described(plan: &Plan) -> JsValue {
    let accounts = Account::ALL.map(|account| (account.name().to_owned(), plan.bytes_in(account).into()));
    json::to_js(&serde_json::json!({
        "bytes": plan.bytes(),
        "accounts": serde_json::Value::Object(accounts.into_iter().collect()),
        "context": plan.options.context,
        "chunk": plan.options.chunk,
        "per_layer_resident": plan.per_layer_resident,
        "buffers": plan.buffers,
    }))
}
