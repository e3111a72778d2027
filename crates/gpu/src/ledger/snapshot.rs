//! The ledger as plain data: JSON for programs, one line for people.

use std::fmt;

use serde::Serialize;

use super::Account;

/// What no ledger of requested buffers can know.
pub const UNSEEN: &str = "Bytes are those of the buffers this program asked for. What the driver adds (alignment, \
compiled shaders, staging copies of writes under way, its own tables) and what the browser holds outside \
WebAssembly memory is not visible from here.";

/// The state of a ledger at one moment. All sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Bytes of all live buffers; the sum over `accounts`, and over `scopes`.
    pub total_bytes: u64,
    /// The most that `total_bytes` has been.
    pub peak_bytes: u64,
    /// Live buffers.
    pub buffers: u64,
    /// The largest buffer made so far.
    pub largest_bytes: u64,
    /// What `total_bytes` may not pass.
    pub budget_bytes: Option<u64>,
    /// Bytes of dropped buffers that the queue may still be using; not part of `total_bytes`.
    pub retired_bytes: u64,
    /// One entry for each account, also the empty ones, in the order of [`Account::ALL`].
    pub accounts: Vec<AccountUse>,
    /// One entry for each scope alive.
    pub scopes: Vec<ScopeUse>,
    /// High-water marks, in the order in which the phases first began.
    pub phases: Vec<PhaseUse>,
    /// Size of WebAssembly's linear memory, where there is one.
    pub linear_memory_bytes: Option<u64>,
    /// What the native allocator says, where it says anything.
    pub driver: Option<DriverUse>,
    /// What these numbers leave out, in a sentence.
    pub unseen: &'static str,
}

/// Use of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountUse {
    /// The account.
    pub account: Account,
    /// Bytes now.
    pub bytes: u64,
    /// The most that `bytes` has been.
    pub peak_bytes: u64,
    /// Live buffers.
    pub buffers: u64,
    /// The largest buffer made so far.
    pub largest_bytes: u64,
}

/// Use of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeUse {
    /// The name of the scope; two scopes may share one.
    pub name: String,
    /// Bytes now.
    pub bytes: u64,
    /// The most that `bytes` has been.
    pub peak_bytes: u64,
    /// Live buffers.
    pub buffers: u64,
}

/// The high-water mark of one phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseUse {
    /// The name given to `Ledger::phase`.
    pub name: String,
    /// The most bytes that were live while the phase lasted.
    pub peak_bytes: u64,
}

/// What the allocator below this crate holds, natively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DriverUse {
    /// Bytes given out, including the library's own staging buffers.
    pub allocated_bytes: u64,
    /// Bytes taken from the driver, given out or not.
    pub reserved_bytes: u64,
}

impl Snapshot {
    /// Bytes of one account now.
    #[must_use]
    pub fn bytes_in(&self, account: Account) -> u64 {
        self.accounts[account.index()].bytes
    }

    fn mebibytes(&self, accounts: &[Account]) -> f64 {
        let bytes: u64 = accounts.iter().map(|&account| self.bytes_in(account)).sum();
        mebibytes(bytes)
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// One line in MiB: `tot` all, `w` weights with embeddings, `s` what a step needs (activations, staging, uniforms),
/// `kv` the cache, `lora` all of training, `o` the rest.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Account::*;
        write!(
            f,
            "tot={:.1} w={:.1} s={:.1} kv={:.1} lora={:.1} o={:.1}",
            mebibytes(self.total_bytes),
            self.mebibytes(&[Weights, Embeddings]),
            self.mebibytes(&[Activations, Staging, Uniforms]),
            self.mebibytes(&[KvCache]),
            self.mebibytes(&[Adapters, Gradients, Optimizer]),
            self.mebibytes(&[Vision, Audio, Other]),
        )
    }
}
