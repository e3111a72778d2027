//! `cargo xtask bench`: our engine and others on the same file and machine, side by side.
//!
//! Every engine gets the same arbitrary tokens as a prompt and continues them greedily. One run warms up; of the others the
//! median counts. Peers are installed into `target/peers` when they are asked for.

mod browser;
mod kernels;
mod llama_cpp;
mod npm;
mod ours;
mod rullama_05;

use serde_json::Value;

use crate::project::Project;

/// What to measure.
#[derive(Debug, PartialEq)]
struct Options {
    /// The model, a GGUF file.
    model: String,
    /// Tokens of the prompt.
    prompt: u32,
    /// Tokens decoded, the first of which comes out of the prompt's last step.
    decode: u32,
    /// Runs that count.
    runs: u32,
    /// Whether other engines run too.
    peers: bool,
    /// Whether to measure in Chromium instead.
    browser: bool,
    /// Whether Chromium computes on its software adapter.
    software: bool,
    /// The file for wllama, where that cannot load the model.
    wllama_model: Option<String>,
}

/// What an engine reached; tokens per second.
struct Rates {
    prompt: f64,
    decode: f64,
}

/// An engine with what it reached, or why it did not.
struct Row {
    engine: String,
    rates: Result<Rates, String>,
}

const DEMO: &str = "assets/demo.gguf";
const USAGE: &str = "the options are a GGUF file, `--prompt N`, `--decode N`, `--runs N`, `--peers`, and `--browser` with `--software` and \
     `--wllama-model FILE`; or `--kernels`";

impl Default for Options {
    fn default() -> Options {
        Options {
            model: DEMO.into(),
            prompt: 512,
            decode: 128,
            runs: 3,
            peers: false,
            browser: false,
            software: false,
            wllama_model: None,
        }
    }
}

impl Options {
    /// Reads a file's name and options in any order.
    fn parse(words: &[&str]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut number = |least: u32| {
                let value = words.next().copied().unwrap_or_default();
                let fits = value.parse().ok().filter(|&n| n >= least);
                fits.ok_or(format!("`{word} {value}`: a number of at least {least} is needed"))
            };
            match word {
                "--prompt" => options.prompt = number(1)?,
                "--decode" => options.decode = number(2)?,
                "--runs" => options.runs = number(1)?,
                "--peers" => options.peers = true,
                "--browser" => options.browser = true,
                "--software" => options.software = true,
                "--wllama-model" => {
                    let file = words.next().ok_or("`--wllama-model` is followed by a file")?;
                    options.wllama_model = Some((*file).to_owned());
                }
                _ if word.starts_with('-') => return Err(format!("`{word}`: {USAGE}")),
                _ => options.model = word.into(),
            }
        }
        if !options.browser && (options.software || options.wllama_model.is_some()) {
            return Err(format!("`--software` and `--wllama-model` go with `--browser`: {USAGE}"));
        }
        Ok(options)
    }

    /// The numbers as a peer's program takes them.
    fn numbers(&self) -> [String; 3] {
        [self.prompt, self.decode, self.runs].map(|n| n.to_string())
    }
}

/// Measures what the words ask for.
pub(crate) fn run(project: &Project, words: &[&str]) -> Result<(), String> {
    match words {
        ["--kernels"] => kernels::update(project, None),
        ["--kernels", report] => kernels::update(project, Some(report)),
        _ => side_by_side(project, &Options::parse(words)?),
    }
}

/// Measures and prints a table in Markdown.
fn side_by_side(project: &Project, options: &Options) -> Result<(), String> {
    let model = std::path::absolute(&options.model).map_err(|error| format!("{}: {error}", options.model))?;
    if !model.is_file() {
        return Err(format!("there is no file {}", model.display()));
    }
    if options.browser {
        return browser::run(project, &model, options);
    }
    let (ours, report) = ours::measure(project, &model, options)?;
    let mut rows = vec![ours];
    if options.peers {
        rows.extend(llama_cpp::measure(project, &model, options));
        rows.push(rullama_05::measure(project, &model, options));
    }
    println!("\n{}\n{}", costs(&report)?, table(&rows, options));
    Ok(())
}

/// What does not depend on the machine, as a table in Markdown.
fn costs(report: &Value) -> Result<String, String> {
    let number = |pointer: &str| {
        let number = report.pointer(pointer).and_then(Value::as_f64);
        number.ok_or(format!("`rullama bench` does not report `{pointer}`"))
    };
    let created = number("/per_token/buffers_created")? + number("/per_token/bind_groups_created")?;
    Ok(format!(
        "| per token | |\n| --- | --- |\n\
         | dispatches | {} |\n| submits | {} |\n| objects created | {created} |\n| bytes read back | {} |\n\
         | bytes of weights read | {} |\n",
        number("/per_token/dispatches")?,
        number("/per_token/submits")?,
        number("/per_token/bytes_read")?,
        number("/weight_bytes_per_token")?,
    ))
}

/// What each engine reached, as a table in Markdown: ours first, which the others are compared with.
fn table(rows: &[Row], options: &Options) -> String {
    let Options { prompt, decode, .. } = options;
    let ours = rows[0].rates.as_ref().expect("measured, or this would not be reached");
    let mut text = format!(
        "| engine | prompt of {prompt}, tok/s | decode {decode}, tok/s | ours / theirs, prompt | decode |\n\
         | --- | --- | --- | --- | --- |\n"
    );
    for Row { engine, rates } in rows {
        text += &match rates {
            Ok(rates) => format!(
                "| {engine} | {:.1} | {:.1} | {:.2} | {:.2} |\n",
                rates.prompt,
                rates.decode,
                ours.prompt / rates.prompt,
                ours.decode / rates.decode
            ),
            Err(problem) => format!("| {engine} | not measured: {} | | | |\n", problem.replace('\n', " ")),
        };
    }
    text
}

/// Medians of what a peer's program printed: a line with `{"prompt": tok/s, "decode": tok/s}` for each run, the first of which
/// warmed up.
fn medians(printed: &str) -> Result<Rates, String> {
    let runs: Vec<Value> = printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let median = |name: &str| {
        let mut rates: Vec<f64> = runs.iter().skip(1).filter_map(|run| run[name].as_f64()).collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().ok_or(format!("no run said `{name}`"))
    };
    Ok(Rates { prompt: median("prompt")?, decode: median("decode")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order() {
        let parse = |words: &[&str]| Options::parse(words);
        let options = |model: &str, prompt, decode, runs, peers| Options {
            model: model.into(),
            prompt,
            decode,
            runs,
            peers,
            ..Options::default()
        };
        assert_eq!(parse(&[]), Ok(options(DEMO, 512, 128, 3, false)));
        assert_eq!(
            parse(&["--peers", "a.gguf", "--decode", "9", "--prompt", "1"]),
            Ok(options("a.gguf", 1, 9, 3, true))
        );
        assert_eq!(parse(&["--decode", "1"]), Err("`--decode 1`: a number of at least 2 is needed".into()));
        assert_eq!(parse(&["--runs"]), Err("`--runs `: a number of at least 1 is needed".into()));
        let browser = Options { browser: true, wllama_model: Some("b.gguf".into()), ..Options::default() };
        assert_eq!(parse(&["--browser", "--wllama-model", "b.gguf"]), Ok(browser));
        assert!(parse(&["--software"]).unwrap_err().contains("`--browser`"));
        assert!(parse(&["--fast"]).unwrap_err().contains("`--fast`"));
    }

    #[test]
    fn costs_are_those_of_the_report() {
        let mut report = serde_json::json!({
            "per_token": {"dispatches": 267.0, "submits": 1.0, "buffers_created": 0.5, "bind_groups_created": 3.0, "bytes_read": 4.0},
            "weight_bytes_per_token": 1_452_819_456,
        });
        let text = costs(&report).unwrap();
        for line in [
            "| dispatches | 267 |",
            "| submits | 1 |",
            "| objects created | 3.5 |",
            "| bytes read back | 4 |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.ends_with("| bytes of weights read | 1452819456 |\n"), "{text}");
        report["per_token"]["submits"] = Value::Null;
        assert!(costs(&report).unwrap_err().contains("/per_token/submits"));
    }

    #[test]
    fn engines_are_compared_with_the_first() {
        let row = |engine: &str, rates| Row { engine: engine.into(), rates };
        let rates = |prompt, decode| Rates { prompt, decode };
        let rows = [
            row("ours", Ok(rates(1000.0, 150.0))),
            row("theirs", Ok(rates(800.0, 100.04))),
            row("another", Err("no\nadapter".into())),
        ];
        let text = table(&rows, &Options { prompt: 64, decode: 32, ..Options::default() });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "| engine | prompt of 64, tok/s | decode 32, tok/s | ours / theirs, prompt | decode |"
        );
        assert_eq!(lines[2], "| ours | 1000.0 | 150.0 | 1.00 | 1.00 |");
        assert_eq!(lines[3], "| theirs | 800.0 | 100.0 | 1.25 | 1.50 |");
        assert_eq!(lines[4], "| another | not measured: no adapter | | | |");
    }

    #[test]
    fn the_first_run_warms_up() {
        let printed = "noise\n{\"prompt\":1,\"decode\":1}\n{\"prompt\":30,\"decode\":7}\n{\"prompt\":10,\"decode\":9}\n{\"prompt\":20,\"decode\":8}\n";
        let rates = medians(printed).unwrap();
        assert_eq!((rates.prompt, rates.decode), (20.0, 8.0));
        assert!(medians("{\"prompt\":1,\"decode\":1}\n").is_err());
    }
}
