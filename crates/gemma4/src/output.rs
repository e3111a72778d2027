//! What a step brings back from the GPU.

use kernels::top_k;

/// What a step is to bring back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing: the step only fills the cache.
    Nothing,
    /// The most likely next token (4 bytes).
    Token,
    /// The most likely next tokens with their logits, the logits of those of [`crate::Context::ask`], and what makes
    /// probabilities of them (3 KiB).
    Best,
    /// The logits of the last position (4 * vocabulary bytes).
    Logits,
    /// The logits of every position, one after the other.
    AllLogits,
}

/// A token and its logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The token.
    pub id: u32,
    /// Its logit.
    pub logit: f32,
}

/// What a step brought back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The most likely next token, for [`Want::Token`].
    pub token: Option<u32>,
    /// For [`Want::Best`]: the [`best_max`] largest logits and those asked for, by rising id, each once. In place of
    /// logits that are NaN or plus infinity there is NaN with the id `u32::MAX`.
    pub best: Vec<Scored>,
    /// For [`Want::Best`]: ln Σ exp(logit) over the whole vocabulary; a logit less this is the logarithm of a probability.
    pub log_sum: f64,
    /// Logits (positions, vocabulary), empty unless asked for.
    pub logits: Vec<f32>,
}

/// Logits that [`Want::Best`] brings of a vocabulary, besides those asked for.
pub fn best_max(vocabulary: u32) -> u32 {
    top_k::kept(vocabulary)
}

impl Want {
    /// Bytes that are read back for one row.
    pub(crate) fn bytes(self, vocabulary: u32) -> u64 {
        let words = match self {
            Want::Nothing => 0,
            Want::Token => 1,
            Want::Best => top_k::result_words(vocabulary),
            Want::Logits | Want::AllLogits => vocabulary,
        };
        4 * u64::from(words)
    }
}

impl Output {
    /// What was read back for one row; `asked` are the ids whose logits came with the best.
    pub(crate) fn of(want: Want, bytes: &[u8], asked: &[u32]) -> Output {
        let mut words = bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned::<u32>);
        let mut output = Output::default();
        match want {
            Want::Nothing => {}
            Want::Token => output.token = words.next(),
            Want::Best => (output.best, output.log_sum) = scored(&words.collect::<Vec<u32>>(), asked),
            Want::Logits | Want::AllLogits => output.logits = words.map(f32::from_bits).collect(),
        }
        output
    }
}

/// The result of [`top_k`] as [`Output::best`] and [`Output::log_sum`].
fn scored(words: &[u32], asked: &[u32]) -> (Vec<Scored>, f64) {
    let (exp_sum, words) = words.split_last().expect("a result has words");
    let log_sum = f64::from(f32::from_bits(words[0])) + f64::from(f32::from_bits(*exp_sum)).ln();
    let (best, logits) = words.split_at(words.len() - top_k::ASKED as usize);
    let best = best.chunks_exact(2).map(|pair| Scored { id: pair[1], logit: f32::from_bits(pair[0]) });
    let asked = asked.iter().zip(logits).map(|(&id, &bits)| Scored { id, logit: f32::from_bits(bits) });
    let mut scored: Vec<Scored> = best.chain(asked).collect();
    scored.sort_unstable_by_key(|scored| scored.id);
    scored.dedup_by_key(|scored| scored.id);
    (scored, log_sum)
}
