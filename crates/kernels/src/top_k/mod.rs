//! The best K of n logits, the logits of some other tokens, and what makes probabilities of them: logits (n), y
//! (2 K + [`ASKED`] + 1) in words, which are the bits and the id of each of the K, best first, then the bits of the logits asked
//! for, then the bits of Σ exp(logit - m). m is the largest logit and the sum goes over all n, but for those that are not
//! finite. K is [`kept`]`(n)`.
//!
//! The order is that of `f32::total_cmp`, larger first, and of equal logits the lower id first; it has no ties, so the result
//! is unique whatever the order in which invocations come. Minus infinity is a value like others. NaN and plus infinity come
//! before all others as a NaN with the id `u32::MAX`.
//!
//! The candidates that [`crate::matvec::Store::Logits`] leaves, each the best of other logits, give a lower bound: those that
//! reach it, some hundreds of a large vocabulary, survive `top_k_filter`, and `top_k` selects among them. If all are equal
//! all survive, and the selection takes longer.
//!
//! `top_k_filter` reads every logit anyway, so it also leaves m and the sum of each [`STRIP`], and `top_k` joins them: the
//! logarithm of a probability is logit - m - ln of the sum, over the whole vocabulary.
//!
//! Traffic: `4 n` bytes once, and 8 bytes of each candidate for each [`STRIP`] of logits; of a survivor some 4 times 8 bytes;
//! 16 bytes of each strip's sum.

pub mod cases;
pub mod reference;

use crate::op::{Axis, Op};
use gpu::{Binding, Device, Error, Shader};

/// Most logits that are kept.
pub const KEPT_MAX: u32 = 256;
/// Places for ids whose logits are wanted besides.
pub const ASKED: u32 = 256;

const WORKGROUP: u32 = 256;
/// Logits that one workgroup filters.
const STRIP: u32 = 2048;
/// Bytes of the bound: with two it is within 1/128 of the best that the candidates allow.
const BOUND_DIGITS: u32 = 2;

const _: () = assert!(KEPT_MAX <= WORKGROUP && ASKED <= WORKGROUP);

/// What the shaders' texts depend on.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Logits.
    pub n: u32,
    /// Candidates, each one of the logits, or without an index.
    pub candidates: u32,
}

/// The buffers.
#[derive(Clone, Copy)]
pub struct Buffers<'a> {
    /// (n).
    pub logits: Binding<'a>,
    /// (candidates, 2).
    pub candidates: Binding<'a>,
    /// Words that pass between the two dispatches ([`survivor_words`]); the first is 0 before and after.
    pub survivors: Binding<'a>,
    /// The largest of each strip and its sum of exponentials, between the two dispatches ([`strips`], 2).
    pub strip_sums: Binding<'a>,
    /// Ids whose logits are wanted, below n ([`ASKED`]); the rest of them may be any.
    pub asked: Binding<'a>,
    /// The result ([`result_words`]).
    pub y: Binding<'a>,
}

/// Logits that are kept of n.
pub fn kept(n: u32) -> u32 {
    n.min(KEPT_MAX)
}

/// Words that pass between the two dispatches: a count and as many ids.
pub fn survivor_words(n: u32) -> u32 {
    1 + n
}

/// Parts in which n logits are filtered and summed.
pub fn strips(n: u32) -> u32 {
    n.div_ceil(STRIP)
}

/// Words of the result.
pub fn result_words(n: u32) -> u32 {
    2 * kept(n) + ASKED + 1
}

/// The composed shader that lists what may be among the best.
pub fn filter_shader(shape: &Shape) -> Shader {
    // With fewer candidates than are kept nothing is known: all survive.
    let digits = if shape.candidates < kept(shape.n) { 0 } else { BOUND_DIGITS };
    Shader::new("top_k_filter")
        .constant("WORKGROUP", WORKGROUP)
        .constant("N", shape.n)
        .constant("K", kept(shape.n))
        .constant("CANDIDATES", shape.candidates)
        .constant("DIGITS", digits)
        .constant("STRIP", STRIP)
        .file(include_str!("rank.wgsl"))
        .file(include_str!("exp_sum.wgsl"))
        .file(include_str!("top_k_filter.wgsl"))
}

/// The composed shader that selects.
pub fn shader(shape: &Shape) -> Shader {
    Shader::new("top_k")
        .constant("WORKGROUP", WORKGROUP)
        .constant("N", shape.n)
        .constant("K", kept(shape.n))
        .constant("ASKED", ASKED)
        .constant("STRIPS", strips(shape.n))
        .file(include_str!("rank.wgsl"))
        .file(include_str!("exp_sum.wgsl"))
        .file(include_str!("top_k.wgsl"))
}

/// Prepares the two dispatches.
pub fn forward(device: &Device, shape: &Shape, buffers: Buffers<'_>) -> Result<[Op; 2], Error> {
    let Buffers { logits, candidates, survivors, strip_sums, asked, y } = buffers;
    let along = |groups| [Axis::Fixed(groups), Axis::Fixed(1), Axis::Fixed(1)];
    Ok([
        Op::new(
            device,
            &filter_shader(shape),
            &[logits, candidates, survivors, strip_sums],
            along(strips(shape.n)),
        )?,
        Op::new(device, &shader(shape), &[logits, survivors, asked, strip_sums, y], along(1))?,
    ])
}
