//! Comparing what a kernel left in a buffer with what must be there.

use super::buffers::{BLOCK, POISON, largest};
use gpu::Buffer;
use half::f16;

/// Contents of an output. A NaN (or the poison word) stands for a place that the kernel must leave as it was.
#[derive(Clone, Debug)]
pub enum Expected {
    /// f32 numbers.
    Floats(Vec<f32>),
    /// f16 numbers in pairs, before they are rounded. WGSL does not say which way `pack2x16float` rounds, so each may be
    /// off by one f16 step besides the tolerance.
    Halves(Vec<f32>),
    /// Heads of an 8-bit cache before they are rounded. Each value may be off by one step of its block besides the
    /// tolerance, since a quotient next to the middle between two steps may fall on either side.
    Eighths {
        /// The values.
        values: Vec<f32>,
        /// Values of a head.
        head_dim: u32,
    },
    /// Words, compared exactly.
    Words(Vec<u32>),
    /// Words, compared exactly, and then f32 numbers.
    WordsAndFloats(Vec<u32>, Vec<f32>),
}

/// Distance between neighbouring f16 numbers near zero.
const SMALLEST_HALF: f32 = 1.0 / 16_777_216.0;

/// A buffer that a case writes.
#[derive(Debug)]
pub struct Output {
    /// The buffer; what lies behind the expected contents must stay poisoned.
    pub buffer: Buffer,
    /// What must be in it.
    pub expected: Expected,
}

/// The worst place of the worst output of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Error as a part of the output's largest expected magnitude (absolute where all of it is zero); infinite for a
    /// NaN, a place left unwritten, a place written that must not be, a wrong integer.
    pub error: f32,
    /// The largest error allowed.
    pub tolerance: f32,
    /// Name of the output.
    pub output: String,
    /// The place, counted in values.
    pub worst_index: usize,
    /// What must be there.
    pub expected: f64,
    /// What is there.
    pub got: f64,
}

impl Outcome {
    /// Whether the error is within the tolerance.
    pub fn passed(&self) -> bool {
        self.error <= self.tolerance
    }
}

impl Output {
    /// The worst place of `bytes`, the contents of the whole buffer.
    pub(crate) fn compare(&self, bytes: &[u8], tolerance: f32) -> Outcome {
        self.expected.compare(self.buffer.name(), bytes, tolerance)
    }
}

impl Expected {
    fn compare(&self, output: &str, bytes: &[u8], tolerance: f32) -> Outcome {
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
        let halves = words.iter().flat_map(|&word| [word as u16, (word >> 16) as u16]);
        let mut outcome = Outcome {
            error: 0.0,
            tolerance,
            output: output.to_owned(),
            worst_index: 0,
            expected: 0.0,
            got: 0.0,
        };
        let used = match self {
            Expected::Floats(expected) => {
                let got = words.iter().map(|&word| (f32::from_bits(word), word == POISON));
                outcome.take_floats(expected, got, |_, _| 0.0);
                expected.len()
            }
            Expected::Halves(expected) => {
                assert_eq!(expected.len() % 2, 0, "halves come in pairs");
                let got = halves.map(|bits| (f16::from_bits(bits).to_f32(), bits == POISON as u16));
                outcome.take_floats(expected, got, |_, v| (v.abs() / 1024.0).max(SMALLEST_HALF));
                expected.len() / 2
            }
            Expected::Eighths { values, head_dim } => {
                let head_words = (*head_dim / 4 + *head_dim / 32) as usize;
                let got = words.chunks_exact(head_words).flat_map(|head| {
                    let (units, scales) = head.split_at((*head_dim / 4) as usize);
                    units.iter().enumerate().flat_map(move |(i, &unit)| {
                        let scale = scales[i / 8];
                        let value = move |n: u8| f32::from(n as i8) / 127.0 * f32::from_bits(scale);
                        unit.to_le_bytes().map(|n| (value(n), unit == POISON && scale == POISON))
                    })
                });
                let block = |i: usize| &values[i / BLOCK * BLOCK..][..BLOCK];
                outcome.take_floats(values, got, |i, _| 1.001 * largest(block(i)) / 127.0);
                values.len() / *head_dim as usize * head_words
            }
            Expected::Words(expected) => {
                outcome.take_words(expected, &words);
                expected.len()
            }
            Expected::WordsAndFloats(expected, floats) => {
                let got = words.iter().skip(expected.len());
                outcome.take_floats(
                    floats,
                    got.map(|&word| (f32::from_bits(word), word == POISON)),
                    |_, _| 0.0,
                );
                outcome.take_words(expected, &words);
                expected.len() + floats.len()
            }
        };
        assert!(used > 0 && used < words.len(), "`{}`: {used} of {} words", outcome.output, words.len());
        for (i, &word) in words.iter().enumerate().skip(used) {
            let error = if word == POISON { 0.0 } else { f32::INFINITY };
            outcome.take(i, error, f64::NAN, f64::from(f32::from_bits(word)));
        }
        outcome
    }
}

impl Outcome {
    /// `got` says of each value also whether it is still poisoned; `step` is what storing a value may cost.
    fn take_floats(
        &mut self,
        expected: &[f32],
        got: impl Iterator<Item = (f32, bool)>,
        step: impl Fn(usize, f32) -> f32,
    ) {
        assert!(!expected.iter().any(|v| v.is_infinite()), "`{}`: the reference is infinite", self.output);
        let largest = expected.iter().filter(|v| !v.is_nan()).fold(0.0f32, |most, v| most.max(v.abs()));
        let unit = if largest == 0.0 { 1.0 } else { largest };
        for (i, (&expected, (got, untouched))) in expected.iter().zip(got).enumerate() {
            let error = match (expected.is_nan(), untouched) {
                (true, true) => 0.0,
                (true, false) => f32::INFINITY,
                (false, _) if !got.is_finite() => f32::INFINITY,
                (false, _) => ((got - expected).abs() - step(i, expected)).max(0.0) / unit,
            };
            self.take(i, error, f64::from(expected), f64::from(got));
        }
    }

    fn take_words(&mut self, expected: &[u32], got: &[u32]) {
        for (i, (&expected, &got)) in expected.iter().zip(got).enumerate() {
            let error = if expected == got { 0.0 } else { f32::INFINITY };
            self.take(i, error, f64::from(expected), f64::from(got));
        }
    }

    fn take(&mut self, index: usize, error: f32, expected: f64, got: f64) {
        if error > self.error {
            (self.error, self.worst_index, self.expected, self.got) = (error, index, expected, got);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of an output that holds `words` and one guard word.
    fn error(expected: Expected, words: &[u32], guard: u32) -> f32 {
        let bytes: Vec<u8> = words.iter().chain([&guard]).flat_map(|word| word.to_le_bytes()).collect();
        expected.compare("y", &bytes, 0.0).error
    }

    fn check(expected: &[f32], got: &[f32], wanted: f32) {
        let words: Vec<u32> = got.iter().map(|v| v.to_bits()).collect();
        let error = error(Expected::Floats(expected.to_vec()), &words, POISON);
        assert_eq!(error, wanted, "{got:?} for {expected:?}");
    }

    #[test]
    fn floats_are_judged_beside_the_largest() {
        let poison = f32::from_bits(POISON);
        check(&[1.0, -4.0], &[1.0, -4.0], 0.0);
        check(&[1.0, -4.0], &[2.0, -4.0], 0.25);
        check(&[0.0], &[0.5], 0.5);
        check(&[1.0, 2.0], &[1.0, f32::NAN], f32::INFINITY);
        check(&[1.0, 2.0], &[1.0, f32::INFINITY], f32::INFINITY);
        check(&[1.0, 2.0], &[poison, 2.0], f32::INFINITY);
        check(&[f32::NAN, 2.0], &[poison, 2.0], 0.0);
        check(&[f32::NAN, 2.0], &[f32::NAN, 2.0], f32::INFINITY);
        check(&[f32::NAN, 2.0], &[0.0, 2.0], f32::INFINITY);
    }

    #[test]
    fn halves_may_be_one_step_off() {
        let two = |a: f32, b: f32| {
            [u32::from(f16::from_f32(a).to_bits()) | u32::from(f16::from_f32(b).to_bits()) << 16]
        };
        let expected = || Expected::Halves(vec![1.0, -2.0]);
        assert_eq!(error(expected(), &two(1.0 + 1.0 / 1024.0, -2.0), POISON), 0.0);
        assert_eq!(error(expected(), &two(1.0 + 3.0 / 1024.0, -2.0), POISON), 1.0 / 1024.0);
        assert_eq!(error(expected(), &[POISON], POISON), f32::INFINITY);
        assert_eq!(error(Expected::Halves(vec![f32::NAN; 2]), &[POISON], POISON), 0.0);
    }

    #[test]
    fn words_are_exact() {
        assert_eq!(error(Expected::Words(vec![3, 4]), &[3, 4], POISON), 0.0);
        assert_eq!(error(Expected::Words(vec![3, 4]), &[3, 5], POISON), f32::INFINITY);
        let both = || Expected::WordsAndFloats(vec![3], vec![4.0]);
        assert_eq!(error(both(), &[3, 4f32.to_bits()], POISON), 0.0);
        assert_eq!(error(both(), &[3, 5f32.to_bits()], POISON), 0.25);
        assert_eq!(error(both(), &[4, 4f32.to_bits()], POISON), f32::INFINITY);
        assert_eq!(error(both(), &[3, POISON], POISON), f32::INFINITY);
    }

    #[test]
    fn what_lies_behind_is_left_alone() {
        assert_eq!(error(Expected::Words(vec![3]), &[3], 0), f32::INFINITY);
        assert_eq!(error(Expected::Floats(vec![3.0]), &[3f32.to_bits()], 0), f32::INFINITY);
    }
}
