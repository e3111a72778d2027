//! Drawing one token after another.

use super::{Sampling, SplitMix64, distribution};

/// The settings and the random numbers of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    sampling: Sampling,
    random: SplitMix64,
}

impl Sampler {
    pub(crate) fn new(sampling: &Sampling) -> Sampler {
        Sampler { sampling: sampling.clone(), random: SplitMix64::new(sampling.seed) }
    }

    /// Whether the largest logit's index is not enough.
    pub(crate) fn needs_logits(&self) -> bool {
        self.sampling.temperature > 0.0 || self.sampling.edits_logits()
    }

    /// The token that follows `sequence`; none if the logits are no numbers. One random number is used per token,
    /// whatever the settings.
    pub(crate) fn choose(&mut self, logits: &mut [f32], sequence: &[u32]) -> Option<u32> {
        let candidates = distribution(logits, sequence, &self.sampling)?;
        let mut left = self.random.uniform();
        let drawn = candidates.iter().find(|candidate| {
            left -= candidate.probability;
            left < 0.0
        });
        // Rounding may leave a little after the last candidate.
        drawn.or(candidates.last()).map(|candidate| candidate.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 6] = [1.0, -2.0, 3.0, 2.5, 0.0, 2.9];

    fn draws(sampling: &Sampling, n: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling);
        (0..n).map(|_| sampler.choose(&mut LOGITS.clone(), &[]).unwrap()).collect()
    }

    fn check(sampling: Sampling) {
        const DRAWS: usize = 20_000;
        let drawn = draws(&sampling, DRAWS);
        let expected = distribution(&mut LOGITS.clone(), &[], &sampling).unwrap();
        let mut counted = 0;
        for candidate in expected {
            let count = drawn.iter().filter(|&&id| id == candidate.id).count();
            counted += count;
            let (n, p) = (DRAWS as f64, candidate.probability);
            // Five deviations of a binomial count.
            let bound = 5.0 * (n * p * (1.0 - p)).sqrt() + 1e-9;
            assert!((count as f64 - n * p).abs() <= bound, "{}: {count} for {}", candidate.id, n * p);
        }
        assert_eq!(counted, DRAWS, "a token outside the distribution was drawn");
    }

    #[test]
    fn tokens_come_as_often_as_their_probability_says() {
        check(Sampling { temperature: 1.0, ..Sampling::greedy() });
        check(Sampling { temperature: 3.0, seed: 9, ..Sampling::greedy() });
        check(Sampling { top_k: 2, ..Sampling::default() });
        check(Sampling { top_p: 0.7, ..Sampling::default() });
        check(Sampling { min_p: 0.5, top_p: 1.0, ..Sampling::default() });
    }

    #[test]
    fn a_seed_gives_the_same_tokens_always() {
        let with = |seed| draws(&Sampling { temperature: 1.5, seed, ..Sampling::default() }, 16);
        assert_eq!(with(5), with(5));
        assert_ne!(with(5), with(6));
        // Computed apart from this code, so that a change of the generator or of the order of steps shows here.
        assert_eq!(with(42), RECORDED);
    }

    const RECORDED: [u32; 16] = [5, 2, 2, 2, 0, 5, 2, 5, 2, 3, 2, 3, 3, 3, 4, 2];

    #[test]
    fn temperature_zero_takes_the_largest() {
        assert_eq!(draws(&Sampling::greedy(), 3), [2, 2, 2]);
        assert_eq!(draws(&Sampling { seed: 77, top_k: 64, ..Sampling::greedy() }, 3), [2, 2, 2]);
        assert!(!Sampler::new(&Sampling::greedy()).needs_logits());
        let penalised = Sampling { repetition_penalty: 1.1, ..Sampling::greedy() };
        assert!(Sampler::new(&penalised).needs_logits());
    }
}
