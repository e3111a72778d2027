//! The only crate that touches wgpu: device, accounted buffers, the memory ledger, shaders, pipelines, passes,
//! staging, readback.
//!
//! Nothing outside this crate can make a buffer, so the [`Ledger`] of a [`Device`] knows all of them.
//!
//! ```no_run
//! # async fn example() -> Result<(), gpu::Error> {
//! use gpu::{Account, Binding, Device, Options, Shader, Usage};
//!
//! let device = Device::request(&Options::default()).await?;
//! let numbers = device.buffer("numbers", Account::Other, 4 * 64, Usage::Storage)?;
//! let double = device.compile(&Shader::new("double").file(
//!     "@group(0) @binding(0) var<storage, read_write> numbers: array<u32>; // (64)
//!      @compute @workgroup_size(64) fn double(@builtin(global_invocation_id) id: vec3u) {
//!          numbers[id.x] *= 2u;
//!      }",
//! )).await?;
//! let bind = device.bind(&double, &[Binding::from(&numbers)]);
//! let mut recorder = device.recorder();
//! recorder.pass("double", |pass| pass.dispatch(&double, &bind, [1, 1, 1]));
//! device.submit(recorder);
//! let bytes = device.read(&numbers, 0, numbers.bytes()).await?;
//! # Ok(()) }
//! ```

#![cfg_attr(
    target_arch = "wasm32",
    allow(
        clippy::arc_with_non_send_sync,
        reason = "in a browser the GPU objects stay on their thread; natively the same types are shared"
    )
)]

mod adapter;
mod arrival;
mod buffer;
mod counters;
mod device;
mod error;
mod error_scope;
mod faults;
mod features;
mod graveyard;
mod ledger;
mod limits;
mod pipeline;
mod profile;
mod readback;
mod recorder;
mod shader;
mod signal;
mod staging;

pub use adapter::{AdapterInfo, AdapterKind, Pause};
pub use buffer::{Buffer, Usage};
pub use counters::Counters;
pub use device::{BrowserCompiler, Device, Options};
pub use error::Error;
pub use features::Features;
pub use ledger::{
    Account, AccountUse, Charge, DriverUse, LOGGED_BYTES_MIN, Ledger, PhaseUse, Scope, ScopeUse, Snapshot,
    UNSEEN,
};
pub use limits::Limits;
pub use pipeline::{BindGroup, Binding, Pipeline};
pub use profile::Profile;
pub use readback::Readback;
pub use recorder::{Pass, Recorder, SUBMITTING_TAKES_TIME, Submission};
pub use shader::{Compiler, Constant, Shader};
pub use staging::Staging;
