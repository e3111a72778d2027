//! The limits that plans and kernels depend on.

use serde::Serialize;

/// Limits of a device, all in bytes or counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of one buffer.
    pub buffer_bytes_max: u64,
    /// Bytes of one storage binding.
    pub binding_bytes_max: u64,
    /// Bytes of one uniform binding.
    pub uniform_binding_bytes_max: u64,
    /// Storage buffers that one shader can see.
    pub storage_buffers_per_stage: u64,
    /// Workgroup memory in bytes.
    pub workgroup_bytes_max: u64,
    /// Invocations of one workgroup.
    pub invocations_max: u64,
    /// Workgroups along each axis of a dispatch.
    pub workgroups_per_dimension_max: u64,
    /// What offsets of storage bindings are multiples of.
    pub storage_offset_alignment: u64,
    /// What offsets of uniform bindings are multiples of.
    pub uniform_offset_alignment: u64,
}

impl From<&wgpu::Limits> for Limits {
    fn from(limits: &wgpu::Limits) -> Limits {
        // Buffers and bindings are whole words of four bytes, though drivers list limits such as 2³¹ - 1.
        let whole_words = |bytes: u64| bytes & !3;
        // A binding cannot be larger than its buffer, though drivers may list it so.
        let binding_bytes_max = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        Limits {
            buffer_bytes_max: whole_words(limits.max_buffer_size),
            binding_bytes_max: whole_words(binding_bytes_max),
            uniform_binding_bytes_max: limits.max_uniform_buffer_binding_size,
            storage_buffers_per_stage: limits.max_storage_buffers_per_shader_stage.into(),
            workgroup_bytes_max: limits.max_compute_workgroup_storage_size.into(),
            invocations_max: limits.max_compute_invocations_per_workgroup.into(),
            workgroups_per_dimension_max: limits.max_compute_workgroups_per_dimension.into(),
            storage_offset_alignment: limits.min_storage_buffer_offset_alignment.into(),
            uniform_offset_alignment: limits.min_uniform_buffer_offset_alignment.into(),
        }
    }
}
