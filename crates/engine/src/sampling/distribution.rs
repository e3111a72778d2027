//! From logits to the probabilities of the tokens that may come.

use super::Sampling;
use super::exponential::exponential;
use std::cmp::Ordering;

/// Tokens looked at first when top-p has to be found in a whole vocabulary; eight times as many if they do not suffice.
const SORTED_FIRST: usize = 1024;

/// A token that may come next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: u32,
    /// Its probability; those of all candidates add up to 1.
    pub probability: f64,
}

/// The tokens that may follow `sequence` and their probabilities, by the steps that [`Sampling`] lists. None if a logit
/// is not a number or none is finite. `logits` (vocabulary) hold the biased and penalised values afterwards.
///
/// At temperature 0 there is one candidate.
///
/// # Panics
/// If a biased token or one of the sequence is outside the vocabulary.
pub fn distribution(logits: &mut [f32], sequence: &[u32], sampling: &Sampling) -> Option<Vec<Candidate>> {
    if logits.iter().any(|logit| logit.is_nan() || *logit == f32::INFINITY) {
        return None;
    }
    edit(logits, sequence, sampling);
    let best = most_likely(logits)?;
    if sampling.temperature == 0.0 {
        return Some(vec![Candidate { id: best, probability: 1.0 }]);
    }
    let mut kept: Vec<u32> = (0..logits.len() as u32).filter(|&id| logits[id as usize].is_finite()).collect();
    let by_logit = |a: &u32, b: &u32| descending(logits, *a, *b);
    let top_k = sampling.top_k as usize;
    if top_k > 0 && top_k < kept.len() {
        kept.select_nth_unstable_by(top_k - 1, by_logit);
        kept.truncate(top_k);
    }
    let largest = f64::from(logits[best as usize]);
    let temperature = f64::from(sampling.temperature);
    let weight = |id: u32| exponential((f64::from(logits[id as usize]) - largest) / temperature);
    if sampling.top_p < 1.0 {
        // Sums are taken in the order of ids where they run over everything, so that no selection's order shows.
        kept.sort_unstable();
        let total: f64 = kept.iter().map(|&id| weight(id)).sum();
        keep_top_p(&mut kept, f64::from(sampling.top_p) * total, weight, by_logit);
    }
    if sampling.min_p > 0.0 {
        // The largest weight is e^0.
        kept.retain(|&id| weight(id) >= f64::from(sampling.min_p));
    }
    kept.sort_unstable();
    let weights: Vec<f64> = kept.iter().map(|&id| weight(id)).collect();
    let total: f64 = weights.iter().sum();
    let candidates =
        kept.into_iter().zip(weights).map(|(id, weight)| Candidate { id, probability: weight / total });
    Some(candidates.collect())
}

/// Adds biases, then penalties.
fn edit(logits: &mut [f32], sequence: &[u32], sampling: &Sampling) {
    for &(id, bias) in &sampling.logit_bias {
        logits[id as usize] += bias;
    }
    if !sampling.penalizes() {
        return;
    }
    let first = sequence.len().saturating_sub(sampling.penalty_window as usize);
    let mut seen = sequence[first..].to_vec();
    seen.sort_unstable();
    for same in seen.chunk_by(|a, b| a == b) {
        let logit = &mut logits[same[0] as usize];
        let r = sampling.repetition_penalty;
        *logit = if *logit > 0.0 { *logit / r } else { *logit * r };
        *logit -= sampling.presence_penalty + sampling.frequency_penalty * same.len() as f32;
    }
}

/// The id of the largest finite logit, the lower of equal ones.
fn most_likely(logits: &[f32]) -> Option<u32> {
    let finite = (0..logits.len() as u32).filter(|&id| logits[id as usize].is_finite());
    finite.min_by(|&a, &b| descending(logits, a, b))
}

/// Larger logits first, lower ids first among equal ones: an order without ties, so that every selection is unique.
fn descending(logits: &[f32], a: u32, b: u32) -> Ordering {
    logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b))
}

/// Keeps the first ids in the order of `by_logit` until their weights reach `goal`.
fn keep_top_p(
    kept: &mut Vec<u32>,
    goal: f64,
    weight: impl Fn(u32) -> f64,
    by_logit: impl Fn(&u32, &u32) -> Ordering,
) {
    let (mut sorted, mut sum) = (0, 0.0);
    while sorted < kept.len() {
        let rest = &mut kept[sorted..];
        let take = rest.len().min(SORTED_FIRST.max(7 * sorted));
        if take < rest.len() {
            rest.select_nth_unstable_by(take - 1, &by_logit);
        }
        rest[..take].sort_unstable_by(&by_logit);
        for (n, &id) in rest[..take].iter().enumerate() {
            sum += weight(id);
            if sum >= goal {
                kept.truncate(sorted + n + 1);
                return;
            }
        }
        sorted += take;
    }
}

#[cfg(test)]
mod tests {
    use super::super::SplitMix64;
    use super::*;

    /// The same by definition: everything sorted, every step in full, no selection and no shortcut.
    fn by_definition(logits: &[f32], sequence: &[u32], sampling: &Sampling) -> Vec<(u32, f64)> {
        let window = sampling.penalty_window as usize;
        let recent: Vec<u32> = sequence.iter().rev().take(window).copied().collect();
        let mut scored: Vec<(u32, f64)> = (0u32..)
            .zip(logits)
            .map(|(id, &logit)| {
                let bias: f32 = sampling.logit_bias.iter().filter(|b| b.0 == id).map(|b| b.1).sum();
                let mut logit = logit + bias;
                let count = recent.iter().filter(|&&other| other == id).count();
                if count > 0 {
                    let r = sampling.repetition_penalty;
                    logit = if logit > 0.0 { logit / r } else { logit * r };
                    logit -= sampling.presence_penalty + sampling.frequency_penalty * count as f32;
                }
                (id, f64::from(logit) / f64::from(sampling.temperature))
            })
            .filter(|(_, logit)| logit.is_finite())
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if sampling.top_k > 0 {
            scored.truncate(sampling.top_k as usize);
        }
        let softmax = |scored: &mut Vec<(u32, f64)>, weight: &dyn Fn(f64) -> f64| {
            let total: f64 = scored.iter().map(|(_, score)| weight(*score)).sum();
            scored.iter_mut().for_each(|(_, score)| *score = weight(*score) / total);
        };
        let largest = scored[0].1;
        softmax(&mut scored, &|score| (score - largest).exp());
        let mut sum = 0.0;
        let full = scored.iter().position(|(_, p)| {
            sum += p;
            sum >= f64::from(sampling.top_p)
        });
        if let Some(last) = full.filter(|_| sampling.top_p < 1.0) {
            scored.truncate(last + 1);
        }
        let least = f64::from(sampling.min_p) * scored[0].1;
        scored.retain(|(_, p)| *p >= least);
        softmax(&mut scored, &|p| p);
        scored.sort_by_key(|(id, _)| *id);
        scored
    }

    fn check(vocabulary: usize, sampling: Sampling) {
        let mut random = SplitMix64::new(vocabulary as u64);
        let logits: Vec<f32> = (0..vocabulary).map(|_| (random.uniform() * 16.0 - 8.0) as f32).collect();
        let sequence: Vec<u32> = (0..200).map(|_| (random.bits() % vocabulary as u64) as u32).collect();
        let expected = by_definition(&logits, &sequence, &sampling);
        let found = distribution(&mut logits.clone(), &sequence, &sampling).unwrap();
        let ids = |list: &[(u32, f64)]| list.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let found: Vec<(u32, f64)> = found.iter().map(|c| (c.id, c.probability)).collect();
        assert_eq!(ids(&found), ids(&expected), "{vocabulary} {sampling:?}");
        for ((id, found), (_, expected)) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12, "{id}: {found} for {expected}, {sampling:?}");
        }
    }

    #[test]
    fn every_step_agrees_with_its_definition() {
        let all = || Sampling { temperature: 1.0, ..Sampling::greedy() };
        for vocabulary in [5, 300, 20_000] {
            check(vocabulary, all());
            check(vocabulary, Sampling { temperature: 0.3, ..all() });
            check(vocabulary, Sampling { temperature: 1e-4, ..all() });
            check(vocabulary, Sampling { top_k: 3, ..all() });
            check(vocabulary, Sampling { top_k: 100_000, ..all() });
            check(vocabulary, Sampling { top_p: 0.9, ..all() });
            check(vocabulary, Sampling { top_p: 0.9, temperature: 5.0, ..all() }); // thousands of tokens are kept
            check(vocabulary, Sampling { top_p: 1e-9, ..all() });
            check(vocabulary, Sampling { min_p: 0.2, ..all() });
            check(vocabulary, Sampling { min_p: 1.0, ..all() });
            check(vocabulary, Sampling { top_k: 40, top_p: 0.8, min_p: 0.1, temperature: 2.0, ..all() });
            check(vocabulary, Sampling { logit_bias: vec![(1, 20.0), (2, f32::NEG_INFINITY)], ..all() });
            check(vocabulary, Sampling { repetition_penalty: 1.3, ..all() });
            check(vocabulary, Sampling { repetition_penalty: 1.3, penalty_window: 3, ..all() });
            check(vocabulary, Sampling { presence_penalty: 2.0, frequency_penalty: 0.5, ..all() });
            check(vocabulary, Sampling { presence_penalty: 2.0, penalty_window: 0, ..all() });
        }
        check(300, Sampling::default());
    }

    #[test]
    fn equal_logits_are_kept_by_the_lower_id() {
        let kept = |sampling: &Sampling| {
            let candidates = distribution(&mut [1.0, 2.0, 2.0, 2.0], &[], sampling).unwrap();
            candidates.iter().map(|candidate| candidate.id).collect::<Vec<_>>()
        };
        assert_eq!(kept(&Sampling::greedy()), [1]);
        assert_eq!(kept(&Sampling { top_k: 2, ..Sampling::default() }), [1, 2]);
        assert_eq!(kept(&Sampling { top_p: 0.5, ..Sampling::default() }), [1, 2]);
    }

    #[test]
    fn what_is_no_number_gives_nothing() {
        let check = |mut logits: [f32; 3]| {
            for sampling in [Sampling::greedy(), Sampling::default()] {
                assert_eq!(distribution(&mut logits, &[], &sampling), None, "{logits:?}");
            }
        };
        check([0.0, f32::NAN, 1.0]);
        check([0.0, f32::INFINITY, 1.0]);
        check([f32::NEG_INFINITY; 3]);
    }
}
