//! `cargo xtask bench --kernels [REPORT]`: the table of `docs/kernels.md` that says what kernels reach, made anew from
//! `rullama check --speed --json`, run here or, with a report, where that was written.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::project::{self, Project};

const PAGE: &str = "docs/kernels.md";
/// The table stands between these lines.
const MARKERS: [&str; 2] = ["<!-- what kernels reach -->", "<!-- end of what kernels reach -->"];

pub(super) fn update(project: &Project, report: Option<&str>) -> Result<(), String> {
    let text = match report {
        Some(report) => std::fs::read_to_string(report).map_err(|error| format!("{report}: {error}"))?,
        None => measure(project)?,
    };
    let report: Value =
        serde_json::from_str(&text).map_err(|error| format!("the report is no JSON: {error}"))?;
    let page = replaced(&project.read(PAGE)?, &section(&report)?)?;
    std::fs::write(project.path(PAGE), page).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("{PAGE} has the table");
    Ok(())
}

fn measure(project: &Project) -> Result<String, String> {
    project::run(&mut project.cargo("build --release --package rullama"))?;
    let mut check = project.command(project.target_folder()?.join(Path::new("release/rullama")));
    check.args(["check", "--speed", "--json"]);
    println!("$ {}", project::shown(&check));
    project::capture(&mut check)
}

/// The page with another text between the markers.
fn replaced(page: &str, section: &str) -> Result<String, String> {
    let (before, rest) = page.split_once(MARKERS[0]).ok_or(format!("{PAGE} has no line `{}`", MARKERS[0]))?;
    let (_, after) = rest.split_once(MARKERS[1]).ok_or(format!("{PAGE} has no line `{}`", MARKERS[1]))?;
    Ok(format!("{before}{}\n{section}{}{after}", MARKERS[0], MARKERS[1]))
}

fn section(report: &Value) -> Result<String, String> {
    let number = |of: &Value, key: &str| of[key].as_f64().ok_or(format!("the report has no number `{key}`"));
    let word = |of: &Value, key: &str| {
        of[key].as_str().map(str::to_owned).ok_or(format!("the report has no `{key}`"))
    };
    let copy = number(report, "copy_gigabytes_per_second")?;
    let multiply =
        report["multiply_gigaflops"].as_object().ok_or("the report has no rates of multiplying")?;
    let date = date(number(report, "seconds_since_1970")? as u64 / 86_400);
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes all that is written");
    line(format!("{}, {date}, `rullama check --speed`.", word(report, "adapter")?));
    let rates = multiply
        .iter()
        .filter_map(|(numbers, rate)| Some(format!("{:.0} GFLOP/s of {numbers}", rate.as_f64()?)));
    let rates = rates.collect::<Vec<_>>().join(", ");
    line(format!("Copying reaches {copy:.0} GB/s there, multiplying and adding in registers {rates}.\n"));
    line("| what | us | GB/s | of copying | GFLOP/s | of multiplying |".to_owned());
    line("| --- | --- | --- | --- | --- | --- |".to_owned());
    for row in report["kernels"].as_array().ok_or("the report has no list `kernels`")? {
        let (bandwidth, flops) = (number(row, "gigabytes_per_second")?, number(row, "gigaflops")?);
        let part = |rate: f64, most: f64| format!("{:.0} %", 100.0 * rate / most);
        // Kernels that hardly compute have no operations stated.
        let most = row["numbers"].as_str().and_then(|numbers| multiply.get(numbers)?.as_f64());
        let [rate, share] = match flops {
            0.0 => [String::new(), String::new()],
            flops => [format!("{flops:.0}"), most.map(|most| part(flops, most)).unwrap_or_default()],
        };
        line(format!(
            "| {}, {} | {:.1} | {bandwidth:.1} | {} | {rate} | {share} |",
            word(row, "kernel")?,
            word(row, "case")?,
            number(row, "microseconds")?,
            part(bandwidth, copy)
        ));
    }
    Ok(text)
}

/// Year, month and day of a number of days since 1970, counted from the first of March, so that a leap day ends its year
/// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + 400 * era, if month < 10 { month + 3 } else { month - 9 });
    format!("{}-{month:02}-{day:02}", if month <= 2 { year + 1 } else { year })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_782, "2026-11-25"),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn the_table_is_replaced_and_the_rest_stays() {
        let report = serde_json::json!({
            "adapter": "A", "seconds_since_1970": 0, "copy_gigabytes_per_second": 200.0,
            "multiply_gigaflops": {"f32": 1000.0, "dot4I8Packed": 2000.0},
            "kernels": [
                {"kernel": "k", "case": "c", "microseconds": 1.25, "gigabytes_per_second": 50.0, "gigaflops": 0.0, "numbers": "f32"},
                {"kernel": "l", "case": "d", "microseconds": 2.0, "gigabytes_per_second": 100.0, "gigaflops": 250.0,
                 "numbers": "dot4I8Packed"},
                {"kernel": "m", "case": "e", "microseconds": 2.0, "gigabytes_per_second": 100.0, "gigaflops": 250.0, "numbers": null},
            ],
        });
        let section = section(&report).unwrap();
        assert!(section.contains("A, 1970-01-01"), "{section}");
        assert!(section.contains("| k, c | 1.2 | 50.0 | 25 % |  |  |\n"), "{section}");
        assert!(section.contains("1000 GFLOP/s of f32"), "{section}");
        assert!(section.contains("| l, d | 2.0 | 100.0 | 50 % | 250 | 12 % |\n"), "{section}");
        assert!(section.contains("| m, e | 2.0 | 100.0 | 50 % | 250 |  |\n"), "{section}");
        let page = format!("before\n{}\nold\n{}\nafter\n", MARKERS[0], MARKERS[1]);
        let once = replaced(&page, &section).unwrap();
        assert!(
            once.starts_with("before\n") && once.ends_with("\nafter\n") && !once.contains("old"),
            "{once}"
        );
        assert_eq!(replaced(&once, &section).unwrap(), once);
        assert!(replaced("nothing", &section).is_err());
    }
}
