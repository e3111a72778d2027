//! The kernels' cases in this browser, whose shader compiler is not the native one.

use engine::kernels::case;
use js_sys::{Function, Promise};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::device::Device;
use crate::error::{Error, described};
use crate::json;

/// How one case went.
#[derive(Serialize)]
struct Report<'a> {
    kernel: &'a str,
    case: &'a str,
    passed: bool,
    error: f32,
    tolerance: f32,
    /// Where the worst value is, what was expected and what came; or what the device refused, or lacks.
    message: String,
    /// Whether it ran: cases for a feature that the device does not have do not.
    ran: bool,
}

/// Runs every case, or if it is to be `brief` the largest for each composition of files, and calls
/// `observe({kernel, case, passed, ran, error, tolerance, message})` after each. A promise of the number of cases; a case
/// that fails is reported, not thrown.
#[wasm_bindgen(js_name = checkKernels)]
pub fn check_kernels(device: &Device, brief: bool, observe: Function) -> Promise {
    let device = device.inner();
    future_to_promise(async move {
        let cases = if brief { case::compositions() } else { case::all() };
        for case in &cases {
            let report = match case.lacks(&device) {
                Some(feature) => Report {
                    kernel: case.kernel,
                    case: &case.name,
                    passed: true,
                    error: 0.0,
                    tolerance: case.tolerance.relative,
                    message: format!("needs {feature}"),
                    ran: false,
                },
                None => ran(&device, case).await,
            };
            let seen = observe.call1(&JsValue::UNDEFINED, &json::to_js(&report));
            seen.map_err(|thrown| Error::Callback(described(&thrown)))?;
        }
        Ok(JsValue::from(cases.len() as u32))
    })
}

async fn ran<'a>(device: &engine::Device, case: &'a case::Case) -> Report<'a> {
    match case::check(device, case).await {
        Ok(outcome) => Report {
            kernel: case.kernel,
            case: &case.name,
            passed: outcome.passed(),
            error: outcome.error,
            tolerance: outcome.tolerance,
            message: format!(
                "`{}` at {}: expected {:e}, got {:e}",
                outcome.output, outcome.worst_index, outcome.expected, outcome.got
            ),
            ran: true,
        },
        Err(error) => Report {
            kernel: case.kernel,
            case: &case.name,
            passed: false,
            error: f32::INFINITY,
            tolerance: case.tolerance.relative,
            message: error.to_string(),
            ran: true,
        },
    }
}
