//! `rullama bench`: how fast a model runs here, and what a token costs.

use std::time::Instant;

use clap::Args;
use engine::gemma4::Path;
use engine::gpu::{Counters, Snapshot};
use engine::{Device, Event, Finished, GenerateOptions, LoadOptions, Model, Sampling, Session, Timings};
use serde_json::{Value, json};

use crate::answer::ratio;
use crate::byte_size::show;
use crate::disk::{forget, sequential_read};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, print_json, print_line};
use crate::tiers::choice_for;
use crate::whole_number::within;

/// Measure tokens per second, and dispatches, submits, buffers and bytes per token
///
/// The prompt is made of arbitrary tokens and the answer is greedy unless it is to be sampled. One run warms up and is not counted; of the
/// others the median is reported.
#[derive(Args, Debug)]
#[command(mut_arg("context", |arg| arg.help(CONTEXT_HELP)))]
pub(crate) struct Bench {
    #[command(flatten)]
    model: ModelArgument,
    /// Tokens of the prompt
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = within::<u32>(1..=u32::MAX.into()))]
    prompt: u32,
    /// Tokens of the answer
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = within::<u32>(2..=u32::MAX.into()))]
    decode: u32,
    /// Runs that are counted
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = within::<u32>(1..=100))]
    runs: u32,
    /// Draw tokens by the settings that `run` uses when it is told nothing, with the seed 0
    #[arg(long)]
    sample: bool,
    /// Measure the stages of a whole chunk and of a decoded token too, each by itself
    #[arg(long)]
    stages: bool,
    /// Take the file out of the system's cache before it is read and before it is loaded, so that both come from the disk
    #[arg(long)]
    cold: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

const CONTEXT_HELP: &str = "Tokens of the longest sequence [default: those of --prompt and --decode]";

/// Rounds over which a stage is measured.
const STAGE_ROUNDS: u32 = 20;

/// One run.
struct Run {
    prompt_rate: f64,
    decode_rate: f64,
    first_token_seconds: f64,
    /// Of the prompt and of all decoded tokens together.
    prompt_work: Counters,
    decode_work: Counters,
}

impl Run {
    /// Of so many tokens of prompt and answer, without the work.
    fn timed(prompt: u32, decode: u32, timings: &Timings) -> Run {
        Run {
            prompt_rate: ratio(f64::from(prompt), timings.prompt_seconds),
            // The first token comes out of the prompt's last step.
            decode_rate: ratio(f64::from(decode - 1), timings.decode_seconds),
            first_token_seconds: timings.first_token_seconds,
            prompt_work: Counters::default(),
            decode_work: Counters::default(),
        }
    }
}

impl Bench {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let context = self.context(opened.file.config().map_err(opened.in_file())?.context)?;
        // The demo model is part of the program.
        let is_on_disk = opened.path.is_file();
        if self.cold && !is_on_disk {
            let problem = "--cold: the demo model is part of this program and in memory with it; name a GGUF file or a model of Ollama's";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let choice = choice_for(&device, &self.device, &self.layout).await?;
        let tiers = choice.on(&device).map_err(Failure::Engine)?;
        let options = LoadOptions { context: Some(context), ..self.layout.load_options(tiers) };
        let disk = if is_on_disk { Some(sequential_read(&opened.path, self.cold)?) } else { None };
        if disk.is_some() && self.cold {
            forget(&opened.path)?;
        }
        let started = Instant::now();
        let model = load(&device, opened, &options, &interrupt, chatter).await?;
        let load_seconds = started.elapsed().as_secs_f64();
        let mut session = model.session().await?;
        let session_seconds = started.elapsed().as_secs_f64() - load_seconds;
        let started = Instant::now();
        let first = self.measure(&device, &mut session, &interrupt).await?;
        let warm_up_seconds = started.elapsed().as_secs_f64();
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            runs.push(self.measure(&device, &mut session, &interrupt).await?);
        }
        let mut report = self.report(&model, &runs, load_seconds, warm_up_seconds, &device.memory());
        let until_first_token = load_seconds + session_seconds + first.first_token_seconds;
        report["tiers"] = json!(choice);
        report["load_to_first_token_seconds"] = until_first_token.into();
        if let Some(disk) = disk {
            let read_seconds = ratio(model.loaded_bytes() as f64, disk.bytes_per_second());
            report["read"] = json!({
                "bytes": model.loaded_bytes(),
                "cold": self.cold,
                "gigabytes_per_second": 1e-9 * disk.bytes_per_second(),
                "seconds": read_seconds,
                "load_over_read": ratio(load_seconds, read_seconds),
                "load_to_first_token_over_read": ratio(until_first_token, read_seconds),
            });
        }
        if self.stages {
            report["prompt_stages"] = json!(session.time_stages(Path::Prompt, STAGE_ROUNDS).await?);
            report["stages"] = json!(session.time_stages(Path::Decode, STAGE_ROUNDS).await?);
        }
        if self.json { print_json(&report) } else { print_report(&report) }
    }

    /// The context is what is measured, unless it is to be larger.
    fn context(&self, context_max: u32) -> Result<u32, Failure> {
        let needed = self.prompt.saturating_add(self.decode);
        if needed > context_max {
            let problem = "tokens of --prompt and --decode together, the model's context holds";
            return Err(Failure::Usage(format!("{needed} {problem} {context_max}")));
        }
        match self.layout.context {
            Some(context) if context < needed => Err(Failure::Usage(format!(
                "--context {context} does not hold the {needed} tokens of prompt and answer"
            ))),
            context => Ok(context.unwrap_or(needed)),
        }
    }

    async fn measure(
        &self,
        device: &Device,
        session: &mut Session,
        interrupt: &Interrupt,
    ) -> Result<Run, Failure> {
        session.reset();
        let options = GenerateOptions {
            max_tokens: Some(self.decode),
            sampling: if self.sample { Sampling::default() } else { Sampling::greedy() },
            stop_tokens: Some(Vec::new()),
            ..GenerateOptions::default()
        };
        let vocabulary = session.model().config().vocabulary;
        let prompt = arbitrary_ids(self.prompt, vocabulary);
        let before = device.counters();
        let work = async {
            let mut generation = session.generate(&prompt, &options, interrupt.cancel())?;
            let mut after_prompt = None;
            loop {
                match generation.next().await? {
                    Some(Event::Token { .. }) => {
                        after_prompt.get_or_insert_with(|| device.counters());
                    }
                    Some(Event::Finished(finished)) => return Ok((after_prompt, finished)),
                    Some(_) => {}
                    None => unreachable!("a generation ends with an event that says so"),
                }
            }
        };
        let (after_prompt, finished): (Option<Counters>, Finished) =
            interrupt.stops(work).await.map_err(Failure::Engine)?;
        interrupt.check()?;
        let (Some(after_prompt), true) = (after_prompt, finished.usage.generated_tokens == self.decode)
        else {
            return Err(Failure::Interrupted);
        };
        Ok(Run {
            prompt_work: after_prompt - before,
            decode_work: device.counters() - after_prompt,
            ..Run::timed(self.prompt, self.decode, &finished.timings)
        })
    }

    fn report(
        &self,
        model: &Model,
        runs: &[Run],
        load_seconds: f64,
        warm_up_seconds: f64,
        memory: &Snapshot,
    ) -> Value {
        let last = runs.last().expect("at least one run");
        let steps = f64::from(self.decode - 1);
        let peaks: serde_json::Map<String, Value> = memory
            .accounts
            .iter()
            .map(|account| (account.account.name().to_owned(), account.peak_bytes.into()))
            .collect();
        let rates = |rate: fn(&Run) -> f64| runs.iter().map(rate).collect::<Vec<_>>();
        json!({
            "adapter": model.device().adapter().to_string(),
            "weight_bytes_per_token": model.bytes_per_token(),
            "prompt_tokens": self.prompt,
            "decode_tokens": self.decode,
            "runs": self.runs,
            "sampled": self.sample,
            "load_seconds": load_seconds,
            "warm_up_seconds": warm_up_seconds,
            "prompt_tokens_per_second": median(rates(|run| run.prompt_rate)),
            "decode_tokens_per_second": median(rates(|run| run.decode_rate)),
            "first_token_seconds": median(rates(|run| run.first_token_seconds)),
            "prompt_tokens_per_second_runs": rates(|run| run.prompt_rate),
            "decode_tokens_per_second_runs": rates(|run| run.decode_rate),
            "prompt": {
                "dispatches": last.prompt_work.dispatches,
                "submits": last.prompt_work.submits,
                "buffers_created": last.prompt_work.buffers_created,
                "bytes_read": last.prompt_work.bytes_read,
            },
            "per_token": {
                "dispatches": last.decode_work.dispatches as f64 / steps,
                "submits": last.decode_work.submits as f64 / steps,
                "buffers_created": last.decode_work.buffers_created as f64 / steps,
                "bind_groups_created": last.decode_work.bind_groups_created as f64 / steps,
                "bytes_read": last.decode_work.bytes_read as f64 / steps,
                "bytes_written": last.decode_work.bytes_written as f64 / steps,
            },
            "memory": { "peak_bytes": memory.peak_bytes, "peak_bytes_by_account": peaks },
        })
    }
}

fn print_stage(row: &Value) -> Result<(), Failure> {
    let number = |key: &str| row[key].as_f64().expect("a stage has this number");
    print_line(&format!(
        "  {:<10} {:>4} dispatches, {:>9}, {:>8.1} us, {:>7.1} GB/s",
        row["stage"].as_str().unwrap_or_default(),
        number("dispatches"),
        show(number("weight_bytes") as u64),
        1e6 * number("seconds"),
        1e-9 * ratio(number("weight_bytes"), number("seconds"))
    ))
}

fn print_report(report: &Value) -> Result<(), Failure> {
    let number =
        |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).expect("the report has this number");
    let text = |pointer: &str| report.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    print_line(&format!(
        "{}, tiers {} and {}",
        text("/adapter"),
        text("/tiers/token"),
        text("/tiers/prompt")
    ))?;
    print_line(&format!(
        "load    {:.2} s, to the first token {:.2} s, warm-up {:.2} s",
        number("/load_seconds"),
        number("/load_to_first_token_seconds"),
        number("/warm_up_seconds")
    ))?;
    if report["read"].is_object() {
        print_line(&format!(
            "        reading as much of the file takes {:.2} s ({:.2} GB/s{}), loading {:.2} times that, load to first token {:.2} times",
            number("/read/seconds"),
            number("/read/gigabytes_per_second"),
            if report["read"]["cold"] == true { " from the disk" } else { ", where the system has it" },
            number("/read/load_over_read"),
            number("/read/load_to_first_token_over_read")
        ))?;
    }
    print_line(&format!(
        "prompt  {} tokens, {:.1} tok/s, first token after {:.3} s",
        number("/prompt_tokens"),
        number("/prompt_tokens_per_second"),
        number("/first_token_seconds")
    ))?;
    print_line(&format!(
        "decode  {} tokens, {:.1} tok/s; per token {:.1} dispatches, {:.1} submits, {:.1} buffers created, {:.1} bytes read back",
        number("/decode_tokens"),
        number("/decode_tokens_per_second"),
        number("/per_token/dispatches"),
        number("/per_token/submits"),
        number("/per_token/buffers_created"),
        number("/per_token/bytes_read")
    ))?;
    for (what, stages) in [("a chunk", &report["prompt_stages"]), ("a token", &report["stages"])] {
        let Some(rows) = stages.as_array() else { continue };
        print_line(&format!("stages of {what}"))?;
        rows.iter().try_for_each(print_stage)?;
    }
    let peaks = report["memory"]["peak_bytes_by_account"].as_object().expect("the report has peaks");
    let used: Vec<String> = peaks
        .iter()
        .filter_map(|(account, bytes)| Some((account, bytes.as_u64().filter(|&bytes| bytes > 0)?)))
        .map(|(account, bytes)| format!("{account} {}", show(bytes)))
        .collect();
    print_line(&format!("memory  {} at most: {}", show(number("/memory/peak_bytes") as u64), used.join(", ")))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

/// Ids spread over the vocabulary, the same each time: steps of a multiplicative generator.
fn arbitrary_ids(count: u32, vocabulary: u32) -> Vec<u32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocabulary
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock may be too coarse for a short step, and JSON has no number for what is divided by nothing.
    #[test]
    fn a_time_of_nothing_gives_a_number() {
        let run = Run::timed(4, 2, &Timings::default());
        assert_eq!([run.prompt_rate, run.decode_rate, run.first_token_seconds], [0.0; 3]);
    }

    #[test]
    fn medians() {
        let check = |values: &[f64], expected: f64| assert_eq!(median(values.to_vec()), expected);
        check(&[3.0], 3.0);
        check(&[5.0, 1.0, 3.0], 3.0);
        check(&[4.0, 1.0, 3.0, 2.0], 2.5);
    }

    #[test]
    fn ids_are_in_the_vocabulary_and_vary() {
        let ids = arbitrary_ids(1000, 768);
        assert!(ids.iter().all(|&id| id < 768));
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 300, "{} distinct ids", distinct.len());
    }
}
