//! How fast the kernels are on this adapter, beside what its memory and its arithmetic reach.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use engine::Device;
use engine::gpu::AdapterKind;
use engine::kernels::case::{Case, Prepared, copy_probe, multiply_probes};
use engine::kernels::probe::Numbers;
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::{print_json, print_line};

/// What is measured at once lasts at least this long, so that a submission's latency does not count.
const SECONDS_MIN: f64 = 0.02;
/// Most dispatches that are recorded at once.
const DISPATCHES_MAX: u64 = 20_000;
/// The least of so many measurements counts: what disturbs one makes it longer.
const MEASUREMENTS: u32 = 3;
/// A case works on several copies of its buffers in turn, so many bytes in all that no cache holds them.
const COPIED_BYTES: u64 = 256 << 20;
const COPIES_MAX: u64 = 32;
/// Seconds after which no more copies are made.
const PREPARING_SECONDS: f64 = 0.2;

/// Workgroups of arithmetic that keep the largest GPU busy, and as many as a processor does in a tenth of a second.
const GPU_WORKGROUPS: u32 = 2048;
const SOFTWARE_WORKGROUPS: u32 = 64;
/// A probe is measured until so many measurements in a row were no better than the best: a card takes a while to raise its
/// clocks.
const PATIENCE: u32 = 4;
/// What is better by less than this part is no better.
const BETTER: f64 = 0.01;

/// One case.
#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    case: String,
    microseconds: f64,
    gigabytes_per_second: f64,
    gigaflops: f64,
    /// What the operations work on, by the name of its probe; none where no probe measures that.
    numbers: Option<&'static str>,
}

/// What the adapter itself reaches.
struct Reached {
    gigabytes_per_second: f64,
    /// By the names of what is multiplied; those that the adapter lacks are left out.
    gigaflops: BTreeMap<&'static str, f64>,
}

impl Reached {
    /// The row's operations as a part of what the same operations reach in registers.
    fn part_of_multiplying(&self, row: &Row) -> Option<f64> {
        Some(row.gigaflops / self.gigaflops.get(row.numbers?)?)
    }
}

/// Measures the probes, then the cases, and prints a table, or one JSON object.
pub(super) async fn run(device: &Device, cases: &[Case], as_json: bool) -> Result<(), Failure> {
    if !as_json {
        print_line(&device.adapter().to_string())?;
    }
    let reached = probe(device, as_json).await?;
    if !as_json && !cases.is_empty() {
        print_line(&format!(
            "{:>10} {:>8} {:>6} {:>9} {:>6}  kernel and case",
            "us", "GB/s", "part", "GFLOP/s", "part"
        ))?;
    }
    let mut rows = Vec::new();
    for case in cases.iter().filter(|case| case.lacks(device).is_none()) {
        let row = measure(device, case).await?;
        if !as_json {
            let part = |part: f64| format!("{:.0} %", 100.0 * part);
            print_line(&format!(
                "{:>10.1} {:>8.1} {:>6} {:>9.1} {:>6}  {}: {}",
                row.microseconds,
                row.gigabytes_per_second,
                part(row.gigabytes_per_second / reached.gigabytes_per_second),
                row.gigaflops,
                reached.part_of_multiplying(&row).map(part).unwrap_or_default(),
                row.kernel,
                row.case
            ))?;
        }
        rows.push(row);
    }
    if !as_json {
        return print_line("part: of what copying, or multiplying and adding the same numbers, reaches here");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    print_json(&json!({
        "adapter": device.adapter().to_string(),
        "seconds_since_1970": now,
        "copy_gigabytes_per_second": reached.gigabytes_per_second,
        "multiply_gigaflops": reached.gigaflops,
        "kernels": rows,
    }))
}

/// Measures what copying and multiplying reach, of several shapes the best.
async fn probe(device: &Device, as_json: bool) -> Result<Reached, Failure> {
    let copy = copy_probe();
    let gigabytes_per_second = 1e-9 * copy.bytes as f64 / patiently(device, &copy).await?;
    if !as_json {
        print_line(&format!("copying {gigabytes_per_second:.1} GB/s"))?;
    }
    let mut gigaflops = BTreeMap::new();
    let software = device.adapter().kind == AdapterKind::Cpu;
    let workgroups = if software { SOFTWARE_WORKGROUPS } else { GPU_WORKGROUPS };
    for numbers in Numbers::ALL {
        for case in multiply_probes(numbers, workgroups).iter().filter(|case| case.lacks(device).is_none()) {
            let rate = 1e-9 * case.flops as f64 / patiently(device, case).await?;
            let best = gigaflops.entry(numbers.name()).or_insert(rate);
            *best = rate.max(*best);
            if !as_json {
                print_line(&format!("multiplying and adding {rate:.1} GFLOP/s: {}", case.name))?;
            }
        }
    }
    Ok(Reached { gigabytes_per_second, gigaflops })
}

/// The least seconds of a case, measured until more measurements make it no less.
async fn patiently(device: &Device, case: &Case) -> Result<f64, Failure> {
    let mut least = f64::INFINITY;
    let mut in_vain = 0;
    while in_vain < PATIENCE {
        let seconds = seconds(device, case).await.map_err(engine::Error::from)?;
        in_vain = if seconds < least * (1.0 - BETTER) { 0 } else { in_vain + 1 };
        least = least.min(seconds);
        // A software adapter has no clocks to raise, and needs seconds.
        if device.adapter().kind == AdapterKind::Cpu {
            break;
        }
    }
    Ok(least)
}

async fn measure(device: &Device, case: &Case) -> Result<Row, Failure> {
    let seconds = seconds(device, case).await.map_err(engine::Error::from)?;
    Ok(Row {
        kernel: case.kernel,
        case: case.name.clone(),
        microseconds: 1e6 * seconds,
        gigabytes_per_second: 1e-9 * case.bytes as f64 / seconds,
        gigaflops: 1e-9 * case.flops as f64 / seconds,
        numbers: case.numbers.map(Numbers::name),
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
    let prepare = || {
        let start = Instant::now();
        let mut prepared = vec![case.prepare(device)?];
        // A case that is checked elsewhere computes what it expects, which may take long.
        let affordable = 1 + (PREPARING_SECONDS / start.elapsed().as_secs_f64()) as u64;
        for _ in 1..copies.min(affordable) {
            prepared.push(case.prepare(device)?);
        }
        Ok(prepared)
    };
    let prepared: Vec<Prepared> = device.guarded(prepare).await?;
    let copies = prepared.len() as u64;
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
