//! Error scopes around a piece of work.

use std::future::Future;

use crate::faults::Fault;

/// Open error scopes of all kinds. Whatever the device refuses until they are closed is caught.
pub(crate) struct ErrorScopes {
    // Opened last, dropped first: scopes must be left in reverse order, also when a panic unwinds through them.
    internal: wgpu::ErrorScopeGuard,
    validation: wgpu::ErrorScopeGuard,
    memory: wgpu::ErrorScopeGuard,
}

impl ErrorScopes {
    pub(crate) fn open(device: &wgpu::Device) -> ErrorScopes {
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        ErrorScopes { internal, validation, memory }
    }

    /// Closes the scopes at once and gives a future of the first fault; only hearing of it may take time.
    pub(crate) fn close(self) -> impl Future<Output = Option<Fault>> {
        let internal = self.internal.pop();
        let validation = self.validation.pop();
        let memory = self.memory.pop();
        async move {
            // Running out of memory is the cause where several kinds are reported.
            let (memory, validation, internal) = (memory.await, validation.await, internal.await);
            memory.or(validation).or(internal).map(Fault::from)
        }
    }
}
