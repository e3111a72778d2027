//! Waiting by the host's timer, which browsers and Node have under the same name.

use std::pin::Pin;
use std::time::Duration;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;
}

/// Ends after this time; with zero, after the events that wait have been handled.
pub(crate) async fn sleep(time: Duration) {
    let milliseconds = time.as_secs_f64() * 1e3;
    let timer = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, milliseconds);
    });
    timer.await.expect("a timer is never rejected");
}

/// [`sleep`] in the form that the engine borrows.
pub(crate) fn pause(time: Duration) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(sleep(time))
}
