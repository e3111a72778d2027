//! `rullama eval`: how many of a file of questions a model answers right.

use clap::Args;
use engine::prompt::FunctionCall;
use engine::{Event, FinishReason, GenerateOptions, ModelFile, Sampling, Session};
use serde::Serialize;
use serde_json::json;

use crate::failure::{Failure, in_context};
use crate::input;
use crate::interrupt::Interrupt;
use crate::opening::{load, open_device, open_file};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::question::{self, Question};
use crate::terminal::{Chatter, count_bar, print_json, print_line, visible, visible_lines};
use crate::tiers::tiers_for;

/// Ask questions with known answers, and count the right ones by kind
///
/// Each line of the file is a JSON object: a conversation as chat clients send it ("messages", and "tools" and
/// "enable_thinking" where they are needed), "kind", "expect", and "max_tokens" (128 unless told). "expect" is one of
/// {"text": T}, {"one_of": [T, ..]}, {"contains": [T, ..]}, {"json": VALUE}, {"call": {"name", "arguments"}}.
/// The most likely token is taken always; thoughts do not count as text.
#[derive(Args, Debug)]
pub(crate) struct Eval {
    #[command(flatten)]
    model: ModelArgument,
    /// The questions; - is standard input
    #[arg(value_name = "FILE.jsonl")]
    questions: String,
    /// Show the wrong answers too
    #[arg(long)]
    wrong: bool,
    /// Print one JSON object: counts by kind, and the wrong answers
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

/// How questions of a kind were answered.
#[derive(Debug, Default, Serialize)]
struct Tally {
    kind: String,
    right: usize,
    questions: usize,
}

/// An answer that is not right.
#[derive(Debug, Serialize)]
struct Wrong {
    kind: String,
    question: String,
    expected: String,
    answer: String,
}

impl Eval {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let questions = question::read(&self.questions)?;
        let prompts: Vec<Vec<u32>> =
            questions.iter().map(|question| self.prompt(question, &opened.file)).collect::<Result<_, _>>()?;
        let interrupt = Interrupt::listen()?;
        let device = open_device(&self.device).await?;
        let layout = self.layout.load_options(tiers_for(&device, &self.device, &self.layout).await?);
        let model = load(&device, opened, &layout, &interrupt, chatter).await?;
        let mut session = model.session().await?;

        let (mut tallies, mut wrong) = (Vec::new(), Vec::new());
        let bar = count_bar("questions", questions.len() as u64, chatter);
        for (question, prompt) in questions.iter().zip(&prompts) {
            let asking = answer(&mut session, prompt, question.max_tokens, &interrupt);
            let (text, calls) = interrupt.stops(asking).await?;
            interrupt.check()?;
            let right = question.expect.is_met(&text, &calls);
            count(&mut tallies, &question.kind, right);
            if !right {
                wrong.push(Wrong {
                    kind: question.kind.clone(),
                    question: question.words(),
                    expected: question.expect.to_string(),
                    answer: shown(&text, &calls),
                });
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.print(&tallies, &wrong)
    }

    fn prompt(&self, question: &Question, file: &ModelFile) -> Result<Vec<u32>, Failure> {
        let bad = |error: engine::prompt::Error| Failure::Input {
            name: input::shown(&self.questions),
            problem: format!("`{}`: {error}", question.words()),
        };
        question.conversation.render(file.template()).map_err(bad)?.text_ids(file.tokenizer()).map_err(bad)
    }

    fn print(&self, tallies: &[Tally], wrong: &[Wrong]) -> Result<(), Failure> {
        let right = tallies.iter().map(|tally| tally.right).sum();
        let questions = tallies.iter().map(|tally| tally.questions).sum();
        if self.json {
            return print_json(
                &json!({ "right": right, "questions": questions, "kinds": tallies, "wrong": wrong }),
            );
        }
        if self.wrong {
            for Wrong { kind, question, expected, answer } in wrong {
                let lines = format!("{kind}: {question}\n  expected {expected}\n  answered `{answer}`");
                print_line(&visible_lines(&lines))?;
            }
        }
        let width = tallies.iter().map(|tally| tally.kind.chars().count()).max().unwrap_or(0);
        let all = Tally { kind: "all".to_owned(), right, questions };
        for Tally { kind, right, questions } in tallies.iter().chain([&all]) {
            let share = 100.0 * *right as f64 / *questions as f64;
            print_line(&visible(&format!("{kind:width$}  {right:>5} of {questions:>5}  {share:5.1} %")))?;
        }
        Ok(())
    }
}

/// Answers greedily; the text is without thoughts.
async fn answer(
    session: &mut Session,
    prompt: &[u32],
    max_tokens: u32,
    interrupt: &Interrupt,
) -> Result<(String, Vec<FunctionCall>), Failure> {
    let options = GenerateOptions {
        max_tokens: Some(max_tokens),
        sampling: Sampling::greedy(),
        ..GenerateOptions::default()
    };
    let (mut text, mut calls) = (String::new(), Vec::new());
    let context_max = session.model().config().context;
    let mut generation =
        session.generate(prompt, &options, interrupt.cancel()).map_err(in_context(context_max))?;
    while let Some(event) = generation.next().await? {
        match event {
            Event::Text(more) => text.push_str(&more),
            Event::ToolCall(call) => calls.push(call),
            Event::Finished(finished) if finished.reason == FinishReason::Cancelled => {
                return Err(Failure::Interrupted);
            }
            // A malformed call is no call, and so the answer is wrong.
            Event::Token { .. } | Event::Thinking(_) | Event::MalformedCall { .. } | Event::Finished(_) => {}
        }
    }
    Ok((text, calls))
}

/// Kinds are listed in the order in which they first come.
fn count(tallies: &mut Vec<Tally>, kind: &str, right: bool) {
    let index = tallies.iter().position(|tally| tally.kind == kind).unwrap_or_else(|| {
        tallies.push(Tally { kind: kind.to_owned(), ..Tally::default() });
        tallies.len() - 1
    });
    tallies[index].questions += 1;
    tallies[index].right += usize::from(right);
}

fn shown(text: &str, calls: &[FunctionCall]) -> String {
    let calls = calls.iter().map(|call| format!("{}({})", call.name, call.arguments));
    let texts = (!text.trim().is_empty()).then(|| text.trim().to_owned());
    texts.into_iter().chain(calls).collect::<Vec<_>>().join(" ")
}
