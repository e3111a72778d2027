//! Index of the best of n candidates, ties to the lowest index: candidates (n, 2) as (value, index), y (1) in u32.
//!
//! The candidates are those of [`crate::matvec::Store::Logits`], one for each of its workgroups. `u32::MAX` stands for
//! values of which none can be chosen: one is NaN or plus infinity, or all are minus infinity.
//!
//! Traffic: `8 * n` bytes read by one workgroup.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

const WORKGROUP: u32 = 256;

/// The composed shader for `n` candidates.
pub fn shader(n: u32) -> Shader {
    Shader::new("argmax")
        .constant("WORKGROUP", WORKGROUP)
        .constant("N", n)
        .file(include_str!("../shared/candidate.wgsl"))
        .file(include_str!("argmax.wgsl"))
}

/// Prepares the search.
pub fn forward(device: &Device, n: u32, candidates: Binding<'_>, y: Binding<'_>) -> Result<Op, Error> {
    let grid = [Axis::Fixed(1), Axis::Fixed(1), Axis::Fixed(1)];
    Op::new(device, &shader(n), &[candidates, y], grid)
}
