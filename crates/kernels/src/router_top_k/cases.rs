//! Cases of the expert routing.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, expect_words, floats, poisoned, step};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::op::Step;

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "exp of an f32 difference: WGSL allows 3 + 2 |x| units in the last place, and x reaches 10 where it counts",
};

/// Random logits from -5 to 5 of which `place` changes some.
fn case(name: &str, shape: Shape, rows: u32, place: impl Fn(&mut [f32]) + 'static) -> Case {
    let Shape { experts, top_k } = shape;
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(8);
        let mut logits = random.floats((rows * experts) as usize, 5.0);
        logits.chunks_exact_mut(experts as usize).for_each(&place);
        let scale = random.between(experts as usize, 0.5, 2.0);
        let (chosen, weighed) = reference::forward(&logits, &scale, top_k as usize);
        let (logits, scale) = (floats(device, "logits", &logits)?, floats(device, "scale", &scale)?);
        let experts = poisoned(device, "experts", chosen.len())?;
        let weights = poisoned(device, "weights", weighed.len())?;
        let step = step(device, Step { rows, ..Step::default() })?;
        let op = forward(
            device,
            &shape,
            (&logits).into(),
            (&scale).into(),
            (&experts).into(),
            (&weights).into(),
            (&step).into(),
        )?;
        let outputs = vec![expect_words(experts, chosen), expect(weights, weighed)];
        Ok(Prepared { ops: vec![op], rows, outputs })
    };
    let name = format!("{name}, {top_k} of {experts}, {rows} tokens");
    let bytes = u64::from(rows) * u64::from(4 * experts + 8 * top_k) + 4 * u64::from(experts);
    Case::new("router_top_k", name, vec![shader(&shape)], TOLERANCE, prepare).costing(bytes, 0)
}

/// Token counts around the workgroup, ties, one and all experts, logits far apart.
pub fn cases() -> Vec<Case> {
    let large = Shape { experts: 128, top_k: 8 };
    vec![
        case("one of one", Shape { experts: 1, top_k: 1 }, 1, |_| ()),
        case("the best", Shape { experts: 5, top_k: 1 }, 3, |_| ()),
        case("all", Shape { experts: 6, top_k: 6 }, 2, |_| ()),
        case("26b", large, 1, |_| ()),
        case("more than a workgroup", large, 65, |_| ()),
        case("many", large, 130, |_| ()),
        case("all equal", large, 2, |x| x.fill(0.25)),
        case("equal pairs", large, 3, |x| (0..64).for_each(|i| x[127 - i] = x[i])),
        case("tie at the end", large, 1, |x| {
            x.fill(-1.0);
            x[100..107].fill(2.0);
        }),
        case("all negative", large, 2, |x| x.iter_mut().for_each(|v| *v -= 1e4)),
        case("far apart", large, 2, |x| x.iter_mut().for_each(|v| *v = (*v * 2e3).round())),
    ]
}
