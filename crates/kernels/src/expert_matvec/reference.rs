//! `y[s] = W[experts[s]] x[s / slots_per_input]`. Source: Hugging Face `Gemma4TextExperts`.

use crate::matvec;

/// The shape of an expert and its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Rows of one expert.
    pub rows: usize,
    /// Columns of one expert.
    pub columns: usize,
    /// Slots that read the same row of x.
    pub slots_per_input: usize,
}

/// One result per slot, (rows); `None` where the expert is not among those of `w`, which begin at `first_expert`.
pub fn forward(
    shape: Shape,
    w: &[f32],
    first_expert: u32,
    x: &[f32],
    experts: &[u32],
) -> Vec<Option<Vec<f32>>> {
    let Shape { rows, columns, slots_per_input } = shape;
    let slot = |(s, &expert): (usize, &u32)| {
        let at = expert.checked_sub(first_expert)? as usize * rows * columns;
        let x = &x[s / slots_per_input * columns..][..columns];
        w.get(at..at + rows * columns).map(|w| matvec::reference::forward(w, x))
    };
    experts.iter().enumerate().map(slot).collect()
}
