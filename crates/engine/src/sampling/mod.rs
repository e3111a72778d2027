//! Choosing the next token.

mod choose;
mod distribution;
mod exponential;
mod logprobs;
mod random;

pub(crate) use choose::Sampler;
pub use distribution::{Candidate, distribution, scored};
pub use logprobs::{Logprob, Logprobs};
pub(crate) use logprobs::{TOP_LOGPROBS_MAX, log_sum};
pub use random::SplitMix64;

use crate::Error;

/// Most tokens whose logits may be biased; a vocabulary is larger, but nobody names that many.
const LOGIT_BIAS_MAX: usize = 4096;

/// How the next token is chosen from the logits, in this order:
///
/// 1. `logit_bias` is added.
/// 2. Penalties for tokens among the last `penalty_window` of the sequence, prompt included: the repetition penalty r
///    makes a logit l into l / r if it is positive and l * r if not (Keskar et al. 2019, CTRL, section 4.1); then
///    `presence_penalty` is subtracted, and `frequency_penalty` as often as the token occurs.
/// 3. All logits are divided by `temperature`. At 0 the largest is taken here, the lower id of equal ones.
/// 4. `top_k` keeps the k largest.
/// 5. `top_p` keeps, of the probabilities of what is left, the largest until their sum reaches it (Holtzman et al. 2020).
/// 6. `min_p` keeps what has at least that share of the largest probability (Nguyen et al. 2024).
/// 7. One is drawn from what is left, with [`SplitMix64`] from `seed`.
///
/// This is the order of Hugging Face `transformers` (bias, repetition, temperature, top-k, top-p, min-p). llama.cpp's
/// default chain differs in dividing by the temperature last; at a temperature of 1 the two are the same.
/// Equal logits, settings and seeds give equal tokens on every platform.
///
/// The GPU finds the 256 largest logits, and no others are read back while `top_k` and the number of tokens that biases and
/// penalties touch are together at most 256, or at temperature 0 the latter are at most 255. Otherwise, and with `top_k` 0,
/// all logits are read back, one MiB per token of a vocabulary of 262144. The tokens are the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// 0 for always the most likely token, or up to 100.
    pub temperature: f32,
    /// Tokens kept; 0 keeps all.
    pub top_k: u32,
    /// Probability kept, above 0 up to 1; 1 keeps all.
    pub top_p: f32,
    /// Smallest share of the largest probability, 0 to 1; 0 keeps all.
    pub min_p: f32,
    /// Above 0, up to 100; 1 for none.
    pub repetition_penalty: f32,
    /// -100 to 100; 0 for none.
    pub presence_penalty: f32,
    /// -100 to 100; 0 for none.
    pub frequency_penalty: f32,
    /// Tokens at the end of the sequence that the penalties look at.
    pub penalty_window: u32,
    /// Token ids and what is added to their logits: finite, or minus infinity for a token that must not come.
    pub logit_bias: Vec<(u32, f32)>,
    /// Start of the random numbers.
    pub seed: u64,
}

impl Default for Sampling {
    /// What Gemma's publisher recommends: temperature 1, top-k 64, top-p 0.95, no penalties. The seed is 0.
    fn default() -> Sampling {
        Sampling { temperature: 1.0, top_k: 64, top_p: 0.95, ..Sampling::greedy() }
    }
}

impl Sampling {
    /// Always the most likely token.
    pub fn greedy() -> Sampling {
        Sampling {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            penalty_window: 64,
            logit_bias: Vec::new(),
            seed: 0,
        }
    }

    pub(crate) fn penalizes(&self) -> bool {
        let none =
            (self.repetition_penalty, self.presence_penalty, self.frequency_penalty) == (1.0, 0.0, 0.0);
        !none && self.penalty_window > 0
    }

    pub(crate) fn check(&self, vocabulary: u32) -> Result<(), Error> {
        let within = |what, value: f32, allowed: &str, fits: bool| match fits {
            true => Ok(()),
            false => Err(Error::Option { what, value: value.to_string(), allowed: allowed.to_owned() }),
        };
        let above_zero = |value: f32, max: f32| value > 0.0 && value <= max;
        within("a temperature", self.temperature, "0 to 100", (0.0..=100.0).contains(&self.temperature))?;
        within("a top-p", self.top_p, "above 0, up to 1", above_zero(self.top_p, 1.0))?;
        within("a min-p", self.min_p, "0 to 1", (0.0..=1.0).contains(&self.min_p))?;
        let repetition = self.repetition_penalty;
        within("a repetition penalty", repetition, "above 0, up to 100", above_zero(repetition, 100.0))?;
        for (what, value) in
            [("a presence penalty", self.presence_penalty), ("a frequency penalty", self.frequency_penalty)]
        {
            within(what, value, "-100 to 100", (-100.0..=100.0).contains(&value))?;
        }
        if self.logit_bias.len() > LOGIT_BIAS_MAX {
            let value = self.logit_bias.len().to_string();
            let allowed = format!("at most {LOGIT_BIAS_MAX}");
            return Err(Error::Option { what: "a number of logit biases", value, allowed });
        }
        for &(id, bias) in &self.logit_bias {
            if id >= vocabulary {
                return Err(gemma4::Error::Token { id, vocabulary }.into());
            }
            let fits = bias.is_finite() || bias == f32::NEG_INFINITY;
            within("a logit bias", bias, "a finite number or minus infinity", fits)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Sampling), message: &str) {
        let mut sampling = Sampling::default();
        change(&mut sampling);
        assert_eq!(sampling.check(10).unwrap_err().to_string(), message);
    }

    #[test]
    fn settings_out_of_range_are_named_with_their_range() {
        assert!(Sampling::default().check(10).is_ok());
        assert!(Sampling::greedy().check(10).is_ok());
        check(|s| s.temperature = -0.5, "a temperature of -0.5 is out of range: 0 to 100");
        check(|s| s.temperature = f32::NAN, "a temperature of NaN is out of range: 0 to 100");
        check(|s| s.top_p = 0.0, "a top-p of 0 is out of range: above 0, up to 1");
        check(|s| s.top_p = f32::NAN, "a top-p of NaN is out of range: above 0, up to 1");
        check(|s| s.min_p = 1.5, "a min-p of 1.5 is out of range: 0 to 1");
        check(
            |s| s.repetition_penalty = 0.0,
            "a repetition penalty of 0 is out of range: above 0, up to 100",
        );
        check(|s| s.presence_penalty = 101.0, "a presence penalty of 101 is out of range: -100 to 100");
        check(
            |s| s.frequency_penalty = f32::INFINITY,
            "a frequency penalty of inf is out of range: -100 to 100",
        );
        check(|s| s.logit_bias = vec![(10, 1.0)], "token id 10 is outside the vocabulary of 10");
        check(
            |s| s.logit_bias = vec![(9, f32::NAN)],
            "a logit bias of NaN is out of range: a finite number or minus infinity",
        );
        check(
            |s| s.logit_bias = vec![(0, 0.0); 4097],
            "a number of logit biases of 4097 is out of range: at most 4096",
        );
    }
}
