//! Cases of the probes, and the sizes in which they measure.

use super::{Numbers, ROUNDS, Shape, WORKGROUP, copy, copy_shader, multiply, multiply_shader, reference};
use crate::case::buffers::{expect, expect_words, floats, poisoned, words};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance, UNCHECKED};
use crate::op::Op;
use gpu::{Buffer, Error};

const TOLERANCE: Tolerance =
    Tolerance { relative: 0.0, reason: "copies do not round, nor do sums of integers below 2^24" };

fn copy_case(name: &str, n: u32) -> Case {
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(18);
        let contents: Vec<u32> = (0..4 * n).map(|_| random.word()).collect();
        let (x, y) = (words(device, "x", &contents)?, poisoned(device, "y", contents.len())?);
        let op = copy(device, n, (&x).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: vec![expect_words(y, contents)] })
    };
    let name = format!("copy, {name}, {n} x 16 bytes");
    Case::new("probe", name, vec![copy_shader(n)], TOLERANCE, prepare).costing(32 * u64::from(n), 0)
}

/// a is 1, or 0 so that b is left.
fn multiply_case(name: &str, shape: Shape, factors: [f32; 2]) -> Case {
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(19);
        let x: Vec<f32> = (0..shape.n).map(|_| random.below(100) as f32).collect();
        let expected = reference::multiply(&x, factors, shape);
        let (op, y) = multiplying(device, shape, &x, factors)?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: vec![expect(y, expected)] })
    };
    named(name, shape, TOLERANCE, prepare)
}

fn multiplying(
    device: &gpu::Device,
    shape: Shape,
    x: &[f32],
    [a, b]: [f32; 2],
) -> Result<(Op, Buffer), Error> {
    let (x, factors) = (floats(device, "x", x)?, floats(device, "factors", &[a, b, ROUNDS as f32])?);
    let y = poisoned(device, "y", shape.n as usize)?;
    Ok((multiply(device, shape, (&x).into(), (&factors).into(), (&y).into())?, y))
}

fn named(
    name: &str,
    shape: Shape,
    tolerance: Tolerance,
    prepare: impl Fn(&gpu::Device) -> Result<Prepared, Error> + 'static,
) -> Case {
    let Shape { numbers, chains, n } = shape;
    let name = format!("multiply, {name}, {}, {chains} chains, {n}", numbers.name());
    let flops = u64::from(n) * u64::from(ROUNDS * 4 * chains * numbers.operations());
    Case::new("probe", name, vec![multiply_shader(shape)], tolerance, prepare)
        .costing(8 * u64::from(n), flops)
}

/// Sizes that end within a workgroup.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![copy_case("one", 1), copy_case("one more than a workgroup", 2049)];
    for numbers in Numbers::ALL {
        let shape = |chains, n| Shape { numbers, chains, n };
        cases.push(multiply_case("one", shape(2, 1), [1.0, 2.0]));
        cases.push(multiply_case("one more than a workgroup", shape(4, 257), [1.0, 1.0]));
        cases.push(multiply_case("nothing but b", shape(8, 300), [0.0, 3.0]));
    }
    cases
}

/// The copy of 64 MiB, a size that measures an adapter.
pub fn copy_speed_case() -> Case {
    copy_case("64 MiB", 4 << 20)
}

/// The arithmetic of so many workgroups: the best of these counts. What comes out is not compared: a processor would take a minute for
/// what a card does in a hundredth of a second.
pub fn multiply_speed_cases(numbers: Numbers, workgroups: u32) -> Vec<Case> {
    let case = |chains| {
        let shape = Shape { numbers, chains, n: workgroups * WORKGROUP };
        let prepare = move |device: &gpu::Device| {
            let (op, _) = multiplying(device, shape, &vec![1.0; shape.n as usize], [1.0, 1.0])?;
            Ok(Prepared { ops: vec![op], rows: 1, outputs: Vec::new() })
        };
        named(&format!("{workgroups} workgroups"), shape, UNCHECKED, prepare)
    };
    [2, 4, 8].map(case).into()
}
