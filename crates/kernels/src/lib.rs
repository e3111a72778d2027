//! Hand-written WGSL kernels. One folder per operation holds its host binding, its shader, a scalar reference and the
//! cases that compare the two; `block/` holds one file per weight format and `shared/` what several shaders include.
//!
//! A kernel knows shapes, never models. What is known when a model is loaded becomes a constant of the shader's text;
//! what changes from step to step is in one small uniform ([`op::Step`]).

pub mod argmax;
pub mod attention;
pub mod case;
pub mod embed;
pub mod expert_matvec;
pub mod expert_sum;
pub mod gelu_mul;
pub mod half_rows;
pub mod head_norm_rope;
pub mod kv;
pub mod matmul;
pub mod matvec;
pub mod norm_add;
pub mod norm_add_norm;
pub mod op;
pub mod per_layer_combine;
pub mod probe;
pub mod rms_norm;
pub mod router_top_k;
pub mod sums;
pub mod tiers;
pub mod token_attention;
pub mod top_k;
pub mod trial;
pub mod weight;

/// Invocations for kernels with one workgroup per row of `columns`: enough for a vec4 each, at most 256.
pub(crate) fn row_workgroup(columns: u32) -> u32 {
    (columns / 4).next_power_of_two().clamp(32, 256)
}
