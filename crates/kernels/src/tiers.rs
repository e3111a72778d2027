//! Which of several ways the kernels compute by, where an adapter leaves a choice.

use crate::sums::Sums;
use crate::token_attention::Width;
use crate::{matmul, matvec};

/// A choice for each kind of work. The default needs no optional ability of an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tiers {
    /// Products of quantised weights for a single token.
    pub token_products: matvec::Products,
    /// Sums of a single token.
    pub token_sums: Sums,
    /// Workgroups of a single token's attention over few keys.
    pub token_attention: Width,
    /// Products for the tokens of a prompt.
    pub prompt_products: matmul::Products,
}
