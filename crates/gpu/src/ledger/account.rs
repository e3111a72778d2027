//! What GPU memory is held for.

use serde::Serialize;

/// The purpose of a buffer: one line of the memory ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Weights of the text model, repacked for the GPU.
    Weights,
    /// The per-layer embedding table, or the rows of it that are resident.
    Embeddings,
    /// Keys and values of past positions.
    KvCache,
    /// Values between operations.
    Activations,
    /// LoRA matrices.
    Adapters,
    /// Gradients of LoRA matrices and of activations.
    Gradients,
    /// Moments of the optimiser.
    Optimizer,
    /// Weights and activations of the vision tower.
    Vision,
    /// Weights and activations of the audio tower.
    Audio,
    /// Buffers that carry bytes between the processor and the GPU.
    Staging,
    /// Parameters of kernels.
    Uniforms,
    /// Everything else: probes, self-tests, benchmarks.
    Other,
}

impl Account {
    /// Every account, in the order of the reports.
    pub const ALL: [Account; 12] = [
        Account::Weights,
        Account::Embeddings,
        Account::KvCache,
        Account::Activations,
        Account::Adapters,
        Account::Gradients,
        Account::Optimizer,
        Account::Vision,
        Account::Audio,
        Account::Staging,
        Account::Uniforms,
        Account::Other,
    ];

    /// The name used in reports, the same as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Account::Weights => "weights",
            Account::Embeddings => "embeddings",
            Account::KvCache => "kv_cache",
            Account::Activations => "activations",
            Account::Adapters => "adapters",
            Account::Gradients => "gradients",
            Account::Optimizer => "optimizer",
            Account::Vision => "vision",
            Account::Audio => "audio",
            Account::Staging => "staging",
            Account::Uniforms => "uniforms",
            Account::Other => "other",
        }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
