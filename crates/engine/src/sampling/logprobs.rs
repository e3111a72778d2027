//! How likely the model itself took a token to be.

use super::distribution::descending;
use super::exponential::exponential;
use gemma4::Scored;
use serde::Serialize;

/// Most tokens that are named beside the chosen one; OpenAI's interface allows as many.
pub(crate) const TOP_LOGPROBS_MAX: u32 = 20;

/// The natural logarithm of a token's probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Logprob {
    /// The token.
    pub id: u32,
    /// ln p; minus infinity for what cannot come.
    pub logprob: f64,
}

/// The probabilities behind a choice: those of softmax(logits) over the whole vocabulary, which is the model's own
/// distribution at temperature 1. Biases, penalties, temperature and what is kept of the distribution change which token is
/// chosen, and nothing here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Logprobs {
    /// ln p of the chosen token.
    pub chosen: f64,
    /// The likeliest tokens, the best first and of equal ones the lower id; the chosen one need not be among them.
    pub top: Vec<Logprob>,
}

impl Logprobs {
    /// Of `chosen` and the best `top` of `logits`, whose exponentials over the whole vocabulary add up to e^`log_sum`.
    ///
    /// # Panics
    /// If the logit of `chosen` is missing.
    pub(crate) fn new(mut logits: Vec<Scored>, log_sum: f64, chosen: u32, top: u32) -> Logprobs {
        let logprob = |token: &Scored| f64::from(token.logit) - log_sum;
        let found = logits.iter().find(|token| token.id == chosen);
        let chosen = logprob(found.unwrap_or_else(|| panic!("no logit of the chosen token {chosen}")));
        let top = top as usize;
        if top < logits.len() {
            logits.select_nth_unstable_by(top, descending);
            logits.truncate(top);
        }
        logits.sort_unstable_by(descending);
        let top = logits.iter().map(|token| Logprob { id: token.id, logprob: logprob(token) }).collect();
        Logprobs { chosen, top }
    }
}

/// ln Σ e^logit of logits of which none is NaN or plus infinity.
pub(crate) fn log_sum(logits: &[f32]) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::MIN, f32::max));
    largest + logits.iter().map(|&logit| exponential(f64::from(logit) - largest)).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::super::scored;
    use super::*;

    /// Four tokens of probability 1/8, 1/2, 1/4, 1/8, whatever is added to all logits, and one that cannot come.
    fn check(added: f32, chosen: u32, top: u32, halvings: f64, expected: &[(u32, f64)]) {
        let logits = [0.125f32, 0.5, 0.25, 0.125, 0.0].map(|p| p.ln() + added);
        let found = Logprobs::new(scored(&logits), log_sum(&logits), chosen, top);
        let near = |a: f64, b: f64| a == b || (a - b * std::f64::consts::LN_2).abs() < 1e-5;
        assert!(near(found.chosen, -halvings), "{found:?}");
        assert_eq!(found.top.len(), expected.len(), "{found:?}");
        for (found, &(id, halvings)) in found.top.iter().zip(expected) {
            assert!(
                found.id == id && near(found.logprob, -halvings),
                "{found:?} is not {id}, 1/2^{halvings}"
            );
        }
    }

    #[test]
    fn the_best_come_first_and_of_equal_ones_the_lower_id() {
        check(0.0, 1, 0, 1.0, &[]);
        check(0.0, 3, 3, 3.0, &[(1, 1.0), (2, 2.0), (0, 3.0)]);
        check(100.0, 2, 2, 2.0, &[(1, 1.0), (2, 2.0)]);
        check(-100.0, 0, 20, 3.0, &[(1, 1.0), (2, 2.0), (0, 3.0), (3, 3.0), (4, f64::INFINITY)]);
    }
}
