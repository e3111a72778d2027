//! From logits to the probabilities of the tokens that may come.

use super::Sampling;
use super::exponential::exponential;
use gemma4::Scored;
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

/// The tokens that may follow `sequence` and their probabilities, by the steps that [`Sampling`] lists. `logits` are those of
/// the whole vocabulary by rising id, or of so many tokens that [`Sampling`] leaves none of the others. None if one of them
/// is NaN or plus infinity, or none is finite.
///
/// At temperature 0 there is one candidate.
///
/// # Panics
/// If the logit of a biased token or of one of the sequence is missing.
pub fn distribution(
    mut logits: Vec<Scored>,
    sequence: &[u32],
    sampling: &Sampling,
) -> Option<Vec<Candidate>> {
    if logits.iter().any(|token| token.logit.is_nan() || token.logit == f32::INFINITY) {
        return None;
    }
    edit(&mut logits, sequence, sampling);
    let mut kept = logits;
    kept.retain(|token| token.logit.is_finite());
    let best = *kept.iter().min_by(|a, b| descending(a, b))?;
    if sampling.temperature == 0.0 {
        return Some(vec![Candidate { id: best.id, probability: 1.0 }]);
    }
    let top_k = sampling.top_k as usize;
    if top_k > 0 && top_k < kept.len() {
        kept.select_nth_unstable_by(top_k - 1, descending);
        kept.truncate(top_k);
    }
    let largest = f64::from(best.logit);
    let temperature = f64::from(sampling.temperature);
    let weight = |token: &Scored| exponential((f64::from(token.logit) - largest) / temperature);
    if sampling.top_p < 1.0 {
        // Sums are taken in the order of ids where they run over everything, so that no selection's order shows.
        kept.sort_unstable_by_key(|token| token.id);
        let total: f64 = kept.iter().map(weight).sum();
        keep_top_p(&mut kept, f64::from(sampling.top_p) * total, weight);
    }
    if sampling.min_p > 0.0 {
        // The largest weight is e^0.
        kept.retain(|token| weight(token) >= f64::from(sampling.min_p));
    }
    kept.sort_unstable_by_key(|token| token.id);
    let weights: Vec<f64> = kept.iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    let candidates = kept
        .iter()
        .zip(weights)
        .map(|(token, weight)| Candidate { id: token.id, probability: weight / total });
    Some(candidates.collect())
}

/// The logits of a whole vocabulary with their ids.
pub fn scored(logits: &[f32]) -> Vec<Scored> {
    logits.iter().zip(0..).map(|(&logit, id)| Scored { id, logit }).collect()
}

/// The tokens whose logits the settings change after `sequence`, by rising id.
pub(crate) fn edited(sequence: &[u32], sampling: &Sampling) -> Vec<u32> {
    let biased = sampling.logit_bias.iter().map(|&(id, _)| id);
    let mut ids: Vec<u32> = biased.chain(penalized(sequence, sampling).iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The end of the sequence at which penalties look.
fn penalized<'a>(sequence: &'a [u32], sampling: &Sampling) -> &'a [u32] {
    let window = if sampling.penalizes() { sampling.penalty_window as usize } else { 0 };
    &sequence[sequence.len().saturating_sub(window)..]
}

/// Adds biases, then penalties.
fn edit(logits: &mut [Scored], sequence: &[u32], sampling: &Sampling) {
    let mut change = |id: u32, new: &dyn Fn(f32) -> f32| {
        let at =
            logits.binary_search_by_key(&id, |token| token.id).expect("an edited token's logit is there");
        // What is favoured beyond all numbers is the largest: it must not be left out as no number.
        logits[at].logit = new(logits[at].logit).min(f32::MAX);
    };
    for &(id, bias) in &sampling.logit_bias {
        change(id, &|logit| logit + bias);
    }
    let mut seen = penalized(sequence, sampling).to_vec();
    seen.sort_unstable();
    let r = sampling.repetition_penalty;
    for same in seen.chunk_by(|a, b| a == b) {
        let others = sampling.presence_penalty + sampling.frequency_penalty * same.len() as f32;
        change(same[0], &|logit| if logit > 0.0 { logit / r - others } else { logit * r - others });
    }
}

/// Larger logits first, lower ids first among equal ones: an order without ties, so that every selection is unique.
pub(super) fn descending(a: &Scored, b: &Scored) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id))
}

/// Keeps the most likely until their weights reach `goal`.
fn keep_top_p(kept: &mut Vec<Scored>, goal: f64, weight: impl Fn(&Scored) -> f64) {
    let (mut sorted, mut sum) = (0, 0.0);
    while sorted < kept.len() {
        let rest = &mut kept[sorted..];
        let take = rest.len().min(SORTED_FIRST.max(7 * sorted));
        if take < rest.len() {
            rest.select_nth_unstable_by(take - 1, descending);
        }
        rest[..take].sort_unstable_by(descending);
        for (n, token) in rest[..take].iter().enumerate() {
            sum += weight(token);
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
    use super::super::{Sampler, SplitMix64};
    use super::*;
    use gemma4::Want;

    #[test]
    fn what_is_favoured_beyond_all_numbers_stays() {
        let favoured = |sampling: Sampling| {
            distribution(scored(&[1.0, 2.0]), &[0], &Sampling { temperature: 0.0, ..sampling })
                .expect("numbers")[0]
                .id
        };
        assert_eq!(favoured(Sampling::default()), 1);
        assert_eq!(favoured(Sampling { repetition_penalty: 1e-39, ..Sampling::default() }), 0);
        assert_eq!(favoured(Sampling { logit_bias: vec![(0, 3e38), (0, 3e38)], ..Sampling::default() }), 0);
    }

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
        let found = distribution(scored(&logits), &sequence, &sampling).unwrap();
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

    /// 5000 logits with many ties.
    fn many() -> Vec<Scored> {
        let mut random = SplitMix64::new(1);
        scored(&(0..5000).map(|_| (random.uniform() * 16.0 - 8.0).round() as f32).collect::<Vec<f32>>())
    }

    /// Of the best 256 and the edited comes what comes of all.
    fn check_best(sampling: Sampling) {
        let mut random = SplitMix64::new(2);
        let sequence: Vec<u32> = (0..200).map(|_| (random.bits() % 5000) as u32).collect();
        let (want, asked) = Sampler::new(&sampling).needs(&sequence, 5000);
        assert_eq!(want, Want::Best, "{sampling:?}");
        let mut best = many();
        best.sort_by(descending);
        best.truncate(256);
        best.extend(asked.iter().map(|&id| many()[id as usize]));
        best.sort_by_key(|token| token.id);
        best.dedup();
        let of_best = distribution(best, &sequence, &sampling);
        assert_eq!(of_best, distribution(many(), &sequence, &sampling), "{sampling:?}");
    }

    #[test]
    fn the_best_are_enough_where_they_are_said_to_be() {
        check_best(Sampling::default());
        check_best(Sampling { top_k: 256, top_p: 1.0, ..Sampling::default() });
        check_best(Sampling { top_k: 40, top_p: 0.8, min_p: 0.1, temperature: 2.0, ..Sampling::greedy() });
        let penalized = Sampling { repetition_penalty: 1.3, presence_penalty: -9.0, ..Sampling::default() };
        check_best(Sampling { top_k: 192, ..penalized.clone() });
        check_best(Sampling { temperature: 0.0, penalty_window: 200, ..penalized });
        // As many as may be edited: the best ruled out, or the worst made the best.
        let mut ids = many();
        ids.sort_by(descending);
        let ids: Vec<u32> = ids.iter().map(|token| token.id).collect();
        let bias = |ids: &[u32], bias| Sampling {
            top_k: 156,
            top_p: 1.0,
            logit_bias: ids.iter().map(|&id| (id, bias)).collect(),
            ..Sampling::default()
        };
        check_best(bias(&ids[..100], f32::NEG_INFINITY));
        check_best(bias(&ids[4900..], 16.0));
    }

    #[test]
    fn equal_logits_are_kept_by_the_lower_id() {
        let kept = |sampling: &Sampling| {
            let candidates = distribution(scored(&[1.0, 2.0, 2.0, 2.0]), &[], sampling).unwrap();
            candidates.iter().map(|candidate| candidate.id).collect::<Vec<_>>()
        };
        assert_eq!(kept(&Sampling::greedy()), [1]);
        assert_eq!(kept(&Sampling { top_k: 2, ..Sampling::default() }), [1, 2]);
        assert_eq!(kept(&Sampling { top_p: 0.5, ..Sampling::default() }), [1, 2]);
    }

    #[test]
    fn what_is_no_number_gives_nothing() {
        let check = |logits: [f32; 3]| {
            for sampling in [Sampling::greedy(), Sampling::default()] {
                assert_eq!(distribution(scored(&logits), &[], &sampling), None, "{logits:?}");
            }
        };
        check([0.0, f32::NAN, 1.0]);
        check([0.0, f32::INFINITY, 1.0]);
        check([f32::NEG_INFINITY; 3]);
    }
}
