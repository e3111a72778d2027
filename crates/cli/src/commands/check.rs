//! `rullama check`: whether this adapter computes what the kernels' references compute, and which tiers suit it.

use clap::Args;
use engine::Device;
use engine::gpu::Features;
use engine::kernels::case::{Case, all, check, compile_ahead, speed};
use engine::tiers::{TierRow, Trial};
use serde::Serialize;
use serde_json::json;

use super::kernel_speed;
use crate::failure::Failure;
use crate::opening::open_device;
use crate::options::DeviceOptions;
use crate::terminal::{print_json, print_line};
use crate::tiers::{gains_nothing, try_all};

/// Compare every kernel with its reference on this adapter, and try its tiers
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Only this kernel; may be given several times
    #[arg(long, value_name = "NAME")]
    kernel: Vec<String>,
    /// Measure how fast the kernels are instead, beside what this adapter's memory and arithmetic reach
    #[arg(long)]
    speed: bool,
    /// With --speed: no kernels, only what memory and arithmetic reach
    #[arg(long, requires = "speed", conflicts_with = "kernel")]
    probes: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    device: DeviceOptions,
}

/// How a kernel did.
#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    cases: usize,
    failed: usize,
    /// The largest error as a part of what is allowed; none if a case could not run.
    worst: Option<f32>,
    /// The case of the largest error.
    worst_case: String,
    problems: Vec<String>,
    /// Cases that need a feature the adapter does not have.
    not_run: usize,
}

impl Check {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let cases = self.cases()?;
        let device = open_device(&self.device).await?;
        compile_ahead(&device, &cases).await;
        if self.speed {
            return kernel_speed::run(&device, &cases, self.json).await;
        }
        if !self.json {
            print_head(&device)?;
        }
        let mut rows: Vec<Row> = Vec::new();
        for cases in cases.chunk_by(|a, b| a.kernel == b.kernel) {
            let mut row = Row::new(cases[0].kernel);
            for case in cases {
                row.take(case, &device).await;
            }
            // Each as soon as it is known: all of them take minutes on a software adapter.
            if !self.json {
                row.print()?;
            }
            rows.push(row);
        }
        let tiers = if self.kernel.is_empty() { try_all(&device).await? } else { Vec::new() };
        if self.json {
            print_json(&json!({
                "adapter": device.adapter(),
                "features": device.features(),
                "limits": device.limits(),
                "kernels": rows,
                "tiers": tiers,
            }))?;
        } else {
            print_foot(&device, &tiers)?;
        }
        let failed = rows.iter().map(|row| row.failed).sum();
        if failed > 0 {
            let adapter = device.adapter().to_string();
            return Err(Failure::Check { failed, cases: cases.len(), adapter });
        }
        Ok(())
    }

    /// The cases asked for, those of one kernel beside each other.
    fn cases(&self) -> Result<Vec<Case>, Failure> {
        let mut cases = match (self.speed, self.probes) {
            (_, true) => Vec::new(),
            (true, false) => speed(),
            (false, false) => all(),
        };
        for wanted in &self.kernel {
            if !cases.iter().any(|case| case.kernel == wanted) {
                let mut names: Vec<&str> = cases.iter().map(|case| case.kernel).collect();
                names.dedup();
                let names = names.join(", ");
                return Err(Failure::Usage(format!("there is no kernel `{wanted}`; there are: {names}")));
            }
        }
        if !self.kernel.is_empty() {
            cases.retain(|case| self.kernel.iter().any(|wanted| wanted == case.kernel));
        }
        cases.sort_by_key(|case| case.kernel);
        Ok(cases)
    }
}

fn print_head(device: &Device) -> Result<(), Failure> {
    print_line(&format!("{}, {}", device.adapter(), abilities(device.features())))?;
    print_line(&format!(
        "{:22} {:>6} {:>7} {:>7} {:>10}  worst case",
        "kernel", "cases", "not run", "failed", "error"
    ))
}

fn print_foot(device: &Device, tiers: &[TierRow]) -> Result<(), Failure> {
    print_line(
        "error: the largest, as a part of what is allowed; not run: cases for features that are not there",
    )?;
    if tiers.is_empty() {
        return Ok(());
    }
    print_line(&format!("{:7} {:16} {:>10} {:>10}", "tiers", "", "error", "time"))?;
    tiers.iter().try_for_each(print_tier)?;
    print_line(
        "time: a token's feed-forward block with the products around it; a product for 256 tokens of a prompt",
    )?;
    if gains_nothing(device) {
        print_line("a software adapter is used with the simplest tiers, whatever came of the others")?;
    }
    Ok(())
}

impl Row {
    fn new(kernel: &'static str) -> Row {
        let (worst, worst_case) = (Some(0.0), String::new());
        Row { kernel, cases: 0, failed: 0, worst, worst_case, problems: Vec::new(), not_run: 0 }
    }

    fn print(&self) -> Result<(), Failure> {
        let worst = self.worst.map_or("-".to_owned(), |worst| format!("{:.1} %", 100.0 * worst));
        print_line(&format!(
            "{:22} {:>6} {:>7} {:>7} {worst:>10}  {}",
            self.kernel, self.cases, self.not_run, self.failed, self.worst_case
        ))?;
        self.problems.iter().try_for_each(|problem| print_line(&format!("  {problem}")))
    }

    async fn take(&mut self, case: &Case, device: &Device) {
        self.cases += 1;
        if case.lacks(device).is_some() {
            self.not_run += 1;
            return;
        }
        match check(device, case).await {
            Ok(outcome) => {
                let part =
                    if outcome.tolerance > 0.0 { outcome.error / outcome.tolerance } else { outcome.error };
                if self.worst.is_some_and(|worst| part > worst) || self.worst_case.is_empty() {
                    self.worst = Some(part);
                    self.worst_case.clone_from(&case.name);
                }
                if !outcome.passed() {
                    self.failed += 1;
                    self.problems.push(format!(
                        "{}: error {:e}, allowed {:e}; `{}` at {}: expected {:e}, got {:e}",
                        case.name,
                        outcome.error,
                        outcome.tolerance,
                        outcome.output,
                        outcome.worst_index,
                        outcome.expected,
                        outcome.got
                    ));
                }
            }
            Err(error) => {
                self.failed += 1;
                self.worst = None;
                self.problems.push(format!("{}: {error}", case.name));
            }
        }
    }
}

fn print_tier(row: &TierRow) -> Result<(), Failure> {
    let mark = if row.chosen { ", used" } else { "" };
    let came = match &row.trial {
        Trial::Lacks(feature) => format!("  needs {feature}"),
        Trial::Failed(problem) => format!("  fails: {problem}"),
        Trial::Passed { error, seconds } => {
            let time = seconds.map_or("-".to_owned(), |seconds| format!("{:.1} us", 1e6 * seconds));
            format!("{:>8.1} % {time:>10}{mark}", 100.0 * error)
        }
    };
    print_line(&format!("{:7} {:16} {came}", row.work, row.tier))
}

/// What the adapter has beyond the least, in words.
fn abilities(features: &Features) -> String {
    let mut names = Vec::new();
    if features.f16 {
        names.push("f16".to_owned());
    }
    if let Some((least, most)) = features.subgroups {
        names.push(if least == most {
            format!("subgroups of {least}")
        } else {
            format!("subgroups of {least} to {most}")
        });
    }
    if features.dot4 {
        names.push("packed 8-bit dot products".to_owned());
    }
    if features.cooperative_matrix {
        names.push("cooperative matrices".to_owned());
    }
    if names.is_empty() { "no optional features".to_owned() } else { names.join(", ") }
}
