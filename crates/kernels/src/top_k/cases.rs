//! Cases of the search for the best logits.

use super::{ASKED, Buffers, Shape, filter_shader, forward, kept, reference, shader, strips, survivor_words};
use crate::case::buffers::{expect_words_and_floats, floats, poisoned, words};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "comparisons do not round; exp() of the sum may be 3 + 2 |x| units off, and its terms fall as e^x",
};

/// The best of each group of `rows` logits as `store_logits.wgsl` leaves it.
fn candidates(logits: &[f32], rows: usize) -> Vec<u32> {
    let best = |group: &[f32], first: usize| {
        if group.iter().any(|v| v.is_nan() || *v == f32::INFINITY) {
            return [f32::MAX.to_bits(), u32::MAX];
        }
        let mut best = [(-3.0e38f32).to_bits(), u32::MAX];
        for (i, &v) in group.iter().enumerate() {
            if v > f32::from_bits(best[0]) {
                best = [v.to_bits(), (first + i) as u32];
            }
        }
        best
    };
    logits.chunks(rows).enumerate().flat_map(|(n, group)| best(group, n * rows)).collect()
}

/// Random logits from -20 to 20, of which `place` changes some; `rows` of them share a candidate. The dispatches run twice,
/// since what passes between them must be as before.
fn case(name: &str, n: u32, rows: u32, place: impl Fn(&mut [f32]) + 'static) -> Case {
    let shape = Shape { n, candidates: n.div_ceil(rows) };
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(11);
        let mut logits = random.floats(n as usize, 20.0);
        place(&mut logits);
        let asked: Vec<u32> = (0..ASKED).map(|_| random.below(n)).collect();
        let expected = reference::forward(&logits, kept(n) as usize, &asked);
        let sum = vec![reference::exp_sum(&logits)];
        let candidates = words(device, "candidates", &candidates(&logits, rows as usize))?;
        let logits = floats(device, "logits", &logits)?;
        let survivors = words(device, "survivors", &vec![0; survivor_words(n) as usize])?;
        let asked = words(device, "asked", &asked)?;
        let strip_sums = poisoned(device, "strip_sums", 2 * strips(n) as usize)?;
        let y = poisoned(device, "y", expected.len() + sum.len())?;
        let buffers = Buffers {
            logits: (&logits).into(),
            candidates: (&candidates).into(),
            survivors: (&survivors).into(),
            strip_sums: (&strip_sums).into(),
            asked: (&asked).into(),
            y: (&y).into(),
        };
        let twice = [forward(device, &shape, buffers)?, forward(device, &shape, buffers)?];
        let ops = twice.into_iter().flatten().collect();
        Ok(Prepared { ops, rows: 1, outputs: vec![expect_words_and_floats(y, expected, sum)] })
    };
    let name = format!("{name}, {n} in groups of {rows}");
    let shaders = vec![filter_shader(&shape), shader(&shape)];
    let bytes = 4 * u64::from(n)
        + 8 * u64::from(shape.candidates + kept(n))
        + 8 * u64::from(ASKED)
        + 16 * u64::from(strips(n));
    Case::new("top_k", name, shaders, TOLERANCE, prepare).costing(bytes, 0).repeated(2)
}

/// Sizes around what is kept and around a strip, ties in all places, what is no number.
pub fn cases() -> Vec<Case> {
    vec![
        case("one", 1, 128, |_| ()),
        case("all are kept", 200, 1, |_| ()),
        case("as many as are kept", 256, 32, |_| ()),
        case("one more", 257, 1, |_| ()),
        case("too few candidates", 5000, 128, |_| ()),
        case("a strip and one", 2049, 8, |_| ()),
        case("as many candidates as are kept", 4096, 16, |_| ()),
        case("vocabulary", 262_144, 256, |_| ()),
        case("vocabulary all equal", 262_144, 256, |x| x.fill(-0.5)),
        case("vocabulary in rising order", 262_144, 256, |x| {
            x.iter_mut().enumerate().for_each(|(i, v)| *v = i as f32 / 4096.0 - 32.0);
        }),
        case("the best lie together", 20_000, 16, |x| x[4000..4300].iter_mut().for_each(|v| *v += 100.0)),
        case("all equal", 3000, 4, |x| x.fill(7.25)),
        case("a tie at the end", 9000, 32, |x| {
            x.fill(-3.0);
            x[100..200].fill(4.0);
            x[5000..8000].fill(1.0);
        }),
        case("few values", 9000, 8, |x| x.iter_mut().for_each(|v| *v = (*v / 4.0).round())),
        case("neighbours", 9000, 8, |x| {
            x.iter_mut().for_each(|v| *v = f32::from_bits(0x4120_0000 + (*v + 20.0) as u32));
        }),
        case("zeros of both signs", 3000, 8, |x| x.iter_mut().for_each(|v| *v = 0.0f32.copysign(*v))),
        case("subnormal", 3000, 8, |x| x.iter_mut().for_each(|v| *v *= 1e-40)),
        case("all negative", 3000, 8, |x| x.iter_mut().for_each(|v| *v = -v.abs() - 1.0)),
        case("far below zero", 3000, 8, |x| x.iter_mut().for_each(|v| *v = -3.3e38 + *v * 1e36 / 20.0)),
        case("most are ruled out", 3000, 8, |x| {
            let kept: Vec<f32> = x[1000..1100].to_vec();
            x.fill(f32::NEG_INFINITY);
            x[1000..1100].copy_from_slice(&kept);
        }),
        case("all are ruled out", 3000, 8, |x| x.fill(f32::NEG_INFINITY)),
        case("as likely as all others together", 20_000, 16, |x| {
            x.fill(1.0);
            x[19_999] = 1.0 + 19_999f32.ln();
        }),
        case("one far above the others", 9000, 32, |x| x[4096] = 3e38),
        case("one is not a number", 9000, 32, |x| x[8999] = f32::NAN),
        case("one is a negative NaN", 9000, 32, |x| x[2100] = -f32::NAN),
        case("one is infinite", 9000, 32, |x| x[0] = f32::INFINITY),
        case("none is a number", 3000, 8, |x| x.fill(f32::NAN)),
    ]
}
