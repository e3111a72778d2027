//! How fast the kernels are on this adapter, beside what its memory and its arithmetic reach.

use std::time::{Instant, SystemTime};

use engine::Device;
use engine::gpu::AdapterKind;
use engine::kernels::case::{Case, Prepared, probes};
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::{print_json, print_line};

/// What is measured at once lasts at least this long, so that a submission's latency does not count.
const SECONDS_MIN: f64 = 0.05;
/// Most dispatches that are recorded at once.
const DISPATCHES_MAX: u64 = 20_000;
/// The least of so many measurements counts: what disturbs one makes it longer.
const MEASUREMENTS: u32 = 3;
/// A case works on several copies of its buffers in turn, so many bytes in all that no cache holds them.
const COPIED_BYTES: u64 = 256 << 20;
const COPIES_MAX: u64 = 32;

/// One case.
#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    case: String,
    microseconds: f64,
    gigabytes_per_second: f64,
    gigaflops: f64,
}

/// Measures the cases and prints a table, or one JSON object.
pub(super) async fn run(device: &Device, cases: &[Case], as_json: bool) -> Result<(), Failure> {
    let [copy, multiply] = probes();
    let (copy, multiply) = (measure(device, &copy).await?, measure(device, &multiply).await?);
    let (bytes_max, flops_max) = (copy.gigabytes_per_second, multiply.gigaflops);
    if !as_json {
        print_line(&device.adapter().to_string())?;
        print_line(&format!("copying {bytes_max:.1} GB/s, multiplying and adding {flops_max:.1} GFLOP/s"))?;
        print_line(&format!(
            "{:>10} {:>8} {:>6} {:>9} {:>6}  kernel and case",
            "us", "GB/s", "part", "GFLOP/s", "part"
        ))?;
    }
    let mut rows = Vec::new();
    for case in cases.iter().filter(|case| case.lacks(device).is_none()) {
        let row = measure(device, case).await?;
        if !as_json {
            let part = |rate: f64, most: f64| format!("{:.0} %", 100.0 * rate / most);
            print_line(&format!(
                "{:>10.1} {:>8.1} {:>6} {:>9.1} {:>6}  {}: {}",
                row.microseconds,
                row.gigabytes_per_second,
                part(row.gigabytes_per_second, bytes_max),
                row.gigaflops,
                part(row.gigaflops, flops_max),
                row.kernel,
                row.case
            ))?;
        }
        rows.push(row);
    }
    if !as_json {
        return print_line("part: of what copying, or multiplying and adding, reaches here");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    print_json(&json!({
        "adapter": device.adapter().to_string(),
        "seconds_since_1970": now,
        "copy_gigabytes_per_second": bytes_max,
        "multiply_gigaflops": flops_max,
        "kernels": rows,
    }))
}

async fn measure(device: &Device, case: &Case) -> Result<Row, Failure> {
    let seconds = seconds(device, case).await.map_err(engine::Error::from)?;
    Ok(Row {
        kernel: case.kernel,
        case: case.name.clone(),
        microseconds: 1e6 * seconds,
        gigabytes_per_second: 1e-9 * case.bytes as f64 / seconds,
        gigaflops: 1e-9 * case.flops as f64 / seconds,
    })
}

/// Seconds that the case's work takes once.
async fn seconds(device: &Device, case: &Case) -> Result<f64, engine::gpu::Error> {
    for shader in &case.shaders {
        device.compile(shader).await?;
    }
    // A processor's caches are part of what a software adapter is.
    let is_software = device.adapter().kind == AdapterKind::Cpu;
    let copies = if is_software { 1 } else { (COPIED_BYTES / case.bytes.max(1)).clamp(1, COPIES_MAX) };
    let prepare = || (0..copies).map(|_| case.prepare(device)).collect::<Result<Vec<Prepared>, _>>();
    let prepared = device.guarded(prepare).await?;
    let dispatches: u64 = prepared.iter().map(|copy| copy.ops.len() as u64).sum();
    let rounds_max = (DISPATCHES_MAX / dispatches).max(1);
    time(device, &prepared, 1).await?; // warms up
    let mut rounds = 1;
    let mut least = time(device, &prepared, rounds).await?;
    while least < SECONDS_MIN && rounds < rounds_max {
        let factor = (1.2 * SECONDS_MIN / least).clamp(2.0, 100.0);
        rounds = ((rounds as f64 * factor) as u64).min(rounds_max);
        least = time(device, &prepared, rounds).await?;
    }
    for _ in 1..MEASUREMENTS {
        least = least.min(time(device, &prepared, rounds).await?);
    }
    Ok(least / (rounds * copies * u64::from(case.times)) as f64)
}

/// Seconds from the submission of so many rounds over all copies to their end.
async fn time(device: &Device, prepared: &[Prepared], rounds: u64) -> Result<f64, engine::gpu::Error> {
    let mut recorder = device.recorder();
    recorder.pass("speed", |pass| {
        for _ in 0..rounds {
            for copy in prepared {
                copy.ops.iter().for_each(|op| op.record(pass, copy.rows));
            }
        }
    });
    recorder.finish();
    let start = Instant::now();
    device.submit(recorder);
    device.wait().await?;
    Ok(start.elapsed().as_secs_f64())
}
