//! Limits for plans that are made without an adapter.

use engine::Profile;
use engine::gpu::Limits;

/// The limits that every WebGPU device has (WebGPU specification, section "Limits", column "Default").
pub(crate) const DEFAULTS: Limits = Limits {
    buffer_bytes_max: 256 << 20,
    binding_bytes_max: 128 << 20,
    uniform_binding_bytes_max: 64 << 10,
    storage_buffers_per_stage: 8,
    workgroup_bytes_max: 16 << 10,
    invocations_max: 256,
    workgroups_per_dimension_max: 65_535,
    storage_offset_alignment: 256,
    uniform_offset_alignment: 256,
};

/// Limits of a device of this profile; the defaults for a profile that says nothing of sizes.
pub(crate) fn of(profile: Option<Profile>) -> Limits {
    match profile {
        Some(Profile::IPhone16e) => {
            Limits { buffer_bytes_max: 1 << 30, binding_bytes_max: 1 << 30, ..DEFAULTS }
        }
        Some(Profile::WebGpuDefaults | Profile::NoF16 | Profile::NoSubgroups) | None => DEFAULTS,
    }
}
