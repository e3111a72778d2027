//! One file per block layout, as ggml's `ggml-common.h` defines it: a block in, its values out, and back.
//! Scales are 2-byte IEEE floats, little-endian; offsets in comments are bytes within the block.

pub(crate) mod float;
mod groups;
mod nibbles;
pub(crate) mod q4_0;
pub(crate) mod q4_1;
pub(crate) mod q4_k;
pub(crate) mod q5_0;
pub(crate) mod q5_1;
pub(crate) mod q5_k;
pub(crate) mod q6_k;
pub(crate) mod q8_0;
mod scale;
