//! `rullama check`: whether this adapter computes what the kernels' references compute, and which tiers suit it.

use clap::Args;
use engine::Device;
use engine::gpu::Features;
pub(super) use engine::kernels::case::all;
use engine::kernels::case::{Case, check, compile_ahead, speed};
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
    /// Cases whose buffers need more memory than there is.
    unfit: usize,
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
        let tiers = if self.kernel.is_empty() { try_all(&device, &self.device).await? } else { Vec::new() };
        if self.json {
            print_json(&json!({
                "adapter": device.adapter(),
                "features": device.features(),
                "limits": device.limits(),
                "kernels": rows,
                "tiers": tiers,
            }))?;
        } else {
            print_line(&foot(&tiers, gains_nothing(&device)))?;
        }
        let failed = rows.iter().map(|row| row.failed).sum();
        let unfit = rows.iter().map(|row| row.unfit).sum();
        let (cases, adapter) = (cases.len(), device.adapter().to_string());
        match (failed, unfit) {
            (0, 0) => Ok(()),
            (0, _) => Err(Failure::Unfit { unfit, cases, adapter }),
            (_, _) => Err(Failure::Check { failed, cases, adapter }),
        }
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
                let names = kernels(&cases).join(", ");
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

/// The kernels of these cases, each once.
pub(super) fn kernels(cases: &[Case]) -> Vec<&'static str> {
    let mut names: Vec<&str> = cases.iter().map(|case| case.kernel).collect();
    names.dedup();
    names
}

fn print_head(device: &Device) -> Result<(), Failure> {
    print_line(&format!("{}, {}", device.adapter(), abilities(device.features())))?;
    print_line(&format!(
        "{:22} {:>6} {:>7} {:>7} {:>10}  worst case",
        "kernel", "cases", "not run", "failed", "error"
    ))
}

/// What the columns are, and the table of tiers where they were tried; `gains_nothing` as [`gains_nothing`] says of the device.
fn foot(tiers: &[TierRow], gains_nothing: bool) -> String {
    let mut lines = vec![
        "column `error`: the largest of the kernel's cases, as a part of what is allowed; column `not run`: cases for features \
         that are not there, and those that did not fit the memory"
            .to_owned(),
    ];
    if tiers.is_empty() {
        return lines.concat();
    }
    lines.push(format!("{:7} {:16} {:>10} {:>10}", "tiers", "", "error", "time"));
    lines.extend(tiers.iter().map(tier_line));
    lines.push(
        "column `time`: a token's feed-forward block with the products around it; a product for 256 tokens of a prompt"
            .to_owned(),
    );
    if gains_nothing {
        lines.push(
            "a software adapter is used with the simplest tiers, whatever came of the others".to_owned(),
        );
    }
    lines.join("\n")
}

impl Row {
    fn new(kernel: &'static str) -> Row {
        let (worst, worst_case) = (Some(0.0), String::new());
        Row { kernel, cases: 0, failed: 0, worst, worst_case, problems: Vec::new(), not_run: 0, unfit: 0 }
    }

    fn print(&self) -> Result<(), Failure> {
        let worst = self.worst.map_or("-".to_owned(), |worst| format!("{:.1} %", 100.0 * worst));
        print_line(&format!(
            "{:22} {:>6} {:>7} {:>7} {worst:>10}  {}",
            self.kernel,
            self.cases,
            self.not_run + self.unfit,
            self.failed,
            self.worst_case
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
                // That says nothing of the kernel, nor of the driver.
                match error.code() {
                    "OUT_OF_MEMORY" => self.unfit += 1,
                    _ => self.failed += 1,
                }
                self.worst = None;
                self.problems.push(format!("{}: {error}", case.name));
            }
        }
    }
}

fn tier_line(row: &TierRow) -> String {
    let mark = if row.chosen { ", used" } else { "" };
    let came = match &row.trial {
        Trial::Lacks(feature) => format!("  needs {feature}"),
        Trial::Failed(problem) => format!("  fails: {problem}"),
        Trial::Passed { error, seconds } => {
            let time = seconds.map_or("-".to_owned(), |seconds| format!("{:.1} us", 1e6 * seconds));
            format!("{:>8.1} % {time:>10}{mark}", 100.0 * error)
        }
    };
    format!("{:7} {:16} {came}", row.work, row.tier)
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

#[cfg(test)]
mod tests {
    use engine::tiers::{PromptTier, TokenTier};

    use super::*;

    fn rows() -> Vec<TierRow> {
        let row = |work, tier, trial, chosen| TierRow { work, tier, trial, chosen };
        vec![
            row("token", TokenTier::Float.name(), Trial::Passed { error: 0.125, seconds: Some(2e-6) }, false),
            row("token", TokenTier::Packed.name(), Trial::Passed { error: 0.5, seconds: Some(1e-6) }, true),
            row("prompt", PromptTier::Float.name(), Trial::Passed { error: 0.25, seconds: None }, true),
            row("prompt", PromptTier::Half.name(), Trial::Failed("it is wrong".to_owned()), false),
            row("prompt", PromptTier::Cooperative.name(), Trial::Lacks("matrices"), false),
        ]
    }

    #[test]
    fn the_table_has_a_line_for_each_tier() {
        let foot = foot(&rows(), false);
        let lines: Vec<&str> = foot.lines().collect();
        let words: Vec<String> =
            lines[2..7].iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let expected = [
            "token float 12.5 % 2.0 us",
            "token packed 50.0 % 1.0 us, used",
            "prompt float 25.0 % -, used",
            "prompt half fails: it is wrong",
            "prompt cooperative needs matrices",
        ];
        assert_eq!(words, expected, "{foot}");
        assert_eq!(lines.len(), 8, "{foot}");
    }

    #[test]
    fn there_is_no_table_where_no_tiers_were_tried() {
        assert_eq!(foot(&[], true).lines().count(), 1);
        assert!(foot(&rows(), true).ends_with("whatever came of the others"));
    }
}
