//! Cases of the search for the best candidate.

use super::{forward, reference, shader};
use crate::case::buffers::{expect_words, poisoned, words};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};

const TOLERANCE: Tolerance = Tolerance { relative: 0.0, reason: "comparisons do not round" };

/// Candidates with random values from -100 to 100, of which `place` changes some, and indices 3, 10, 17 and so on.
fn case(name: &str, n: u32, place: impl Fn(&mut [f32]) + 'static) -> Case {
    let prepare = move |device: &gpu::Device| {
        let mut x = Random::new(7).floats(n as usize, 100.0);
        place(&mut x);
        let index = |i: u32| 3 + 7 * i;
        let expected = match reference::forward(&x) {
            u32::MAX => u32::MAX,
            best => index(best),
        };
        let pairs: Vec<u32> = x
            .iter()
            .zip(0..)
            .flat_map(|(&v, i)| match v {
                // As store_logits.wgsl leaves a value that cannot be chosen, and workgroups with no value that can.
                v if v.is_nan() || v == f32::INFINITY => [f32::MAX.to_bits(), u32::MAX],
                f32::NEG_INFINITY => [(-3.0e38f32).to_bits(), u32::MAX],
                v => [v.to_bits(), index(i)],
            })
            .collect();
        let (candidates, y) = (words(device, "candidates", &pairs)?, poisoned(device, "y", 1)?);
        let op = forward(device, n, (&candidates).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: vec![expect_words(y, vec![expected])] })
    };
    Case::new("argmax", format!("{name}, {n}"), vec![shader(n)], TOLERANCE, prepare)
        .costing(u64::from(n) * 8 + 4, 0)
}

/// The largest value with its position and copies: at the ends, twice, everywhere.
pub fn cases() -> Vec<Case> {
    let at = |places: &'static [usize]| move |x: &mut [f32]| places.iter().for_each(|&i| x[i] = 200.0);
    vec![
        case("one", 1, |_| ()),
        case("two", 2, at(&[1])),
        case("fewer than a workgroup", 255, |_| ()),
        case("first", 1000, at(&[0])),
        case("last", 1000, at(&[999])),
        case("tie in one invocation", 1000, at(&[900, 644, 388])),
        case("tie across invocations", 1000, at(&[300, 256, 255])),
        case("all equal", 700, |x| x.fill(-1.5)),
        case("all negative", 257, |x| x.iter_mut().for_each(|v| *v = -v.abs() - 1.0)),
        case("far below zero", 300, |x| {
            x.fill(-1e38);
            x[299] = -9e37;
        }),
        case("the rest is ruled out", 300, |x| {
            x.fill(f32::NEG_INFINITY);
            x[123] = -50.0;
        }),
        case("one is not a number", 1000, |x| x[700] = f32::NAN),
        case("one is infinite", 1000, |x| x[3] = f32::INFINITY),
        case("all are ruled out", 300, |x| x.fill(f32::NEG_INFINITY)),
        case("vocabulary", 1024, |_| ()),
        case("last of the vocabulary", 1024, at(&[1023])),
    ]
}
