//! Many pipelines at once, by the page's script (`pipelines.ts`).

use std::pin::Pin;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Where the script is not, as in other hosts than its worker, it throws.
    #[wasm_bindgen(catch, js_namespace = rullamaPipelines, js_name = compileAhead)]
    fn compile_ahead(device: &str, shaders: Array) -> Result<Promise, JsValue>;
}

/// In the form of [`engine::gpu::BrowserCompiler`]. What is not compiled is left to wgpu.
pub(crate) fn compile(
    device: &'static str,
    shaders: Vec<(&'static str, String)>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let pair = |(entry_point, code): (&str, String)| Array::of2(&entry_point.into(), &code.into());
        if let Ok(done) = compile_ahead(device, shaders.into_iter().map(pair).collect()) {
            // It is never rejected.
            let _ = done.await;
        }
    })
}
