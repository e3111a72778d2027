//! How an answer is generated: the options that `run` and `chat` share.

use std::hash::{BuildHasher, Hasher, RandomState};

use clap::Args;
use engine::{GenerateOptions, Sampling};

use crate::whole_number::{count, within};

/// Sampling and limits of an answer.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Generation")]
pub(crate) struct GenerationOptions {
    /// Take the most likely token always
    #[arg(long, conflicts_with_all = ["temperature", "top_k", "top_p", "min_p", "seed"])]
    greedy: bool,
    /// Seed of the random numbers; the same seed gives the same answer [default: another one each time]
    #[arg(long, value_parser = within::<u64>(0..=u64::MAX))]
    seed: Option<u64>,
    /// Flattens (above 1) or sharpens (below 1) the distribution [default: 1]
    #[arg(long, value_parser = temperature)]
    temperature: Option<f32>,
    /// Sample from this many most likely tokens only; 0 for all [default: 64]
    #[arg(long, value_name = "N", value_parser = count)]
    top_k: Option<u32>,
    /// Sample from the most likely tokens that together have this probability [default: 0.95]
    #[arg(long, value_name = "P", value_parser = share)]
    top_p: Option<f32>,
    /// Leave out tokens whose probability is below this part of the best one's [default: 0]
    #[arg(long, value_name = "P", value_parser = probability)]
    min_p: Option<f32>,
    /// Divides the logits of recent tokens; 1 for none [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    repetition_penalty: Option<f32>,
    /// Subtracted from the logits of tokens that occurred [default: 0]
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    presence_penalty: Option<f32>,
    /// Subtracted from the logits of tokens once for each time they occurred [default: 0]
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    frequency_penalty: Option<f32>,
    /// Most tokens of an answer [default: what the context holds]
    #[arg(long, value_name = "N", value_parser = count)]
    max_tokens: Option<u32>,
    /// End the answer before this text; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    stop: Vec<String>,
    /// Guess up to N tokens at once where the text repeats what was said before, and verify them in one step; at most a chunk less
    /// one, 0 for none. Nothing is guessed while a penalty is set, nor, unless the choice is greedy, with --top-k 0 or above 256
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count)]
    draft_max: u32,
}

impl GenerationOptions {
    /// The engine's options, with its defaults where nothing was given.
    pub(crate) fn generate_options(&self) -> GenerateOptions {
        GenerateOptions {
            max_tokens: self.max_tokens,
            sampling: self.sampling(),
            stop: self.stop.clone(),
            draft_max: self.draft_max,
            ..GenerateOptions::default()
        }
    }

    fn sampling(&self) -> Sampling {
        let usual = if self.greedy { Sampling::greedy() } else { Sampling::default() };
        Sampling {
            temperature: self.temperature.unwrap_or(usual.temperature),
            top_k: self.top_k.unwrap_or(usual.top_k),
            top_p: self.top_p.unwrap_or(usual.top_p),
            min_p: self.min_p.unwrap_or(usual.min_p),
            repetition_penalty: self.repetition_penalty.unwrap_or(usual.repetition_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(usual.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(usual.frequency_penalty),
            seed: self.seed.unwrap_or_else(arbitrary_seed),
            ..usual
        }
    }
}

/// A number that differs from run to run: the standard library seeds its hash maps from the system. Readers of JSON that know floats
/// only keep its 53 bits.
fn arbitrary_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 11
}

fn number(text: &str, allowed: impl Fn(f32) -> bool, range: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(value) if allowed(value) => Ok(value),
        _ => Err(format!("`{text}` is not a number {range}")),
    }
}

fn temperature(text: &str) -> Result<f32, String> {
    number(text, |value| (0.0..=100.0).contains(&value), "from 0 to 100")
}

fn factor(text: &str) -> Result<f32, String> {
    number(text, |value| value > 0.0 && value <= 100.0, "above 0 and up to 100")
}

fn share(text: &str) -> Result<f32, String> {
    number(text, |value| value > 0.0 && value <= 1.0, "above 0 and up to 1")
}

fn probability(text: &str) -> Result<f32, String> {
    number(text, |value| (0.0..=1.0).contains(&value), "from 0 to 1")
}

fn amount(text: &str) -> Result<f32, String> {
    number(text, |value| (-100.0..=100.0).contains(&value), "from -100 to 100")
}
