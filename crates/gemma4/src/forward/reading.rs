//! Where a product of one token finds its x.

use gpu::Binding;
use kernels::matvec::Input;

/// The kernel's input and the bindings it takes.
#[derive(Clone)]
pub(super) struct Reading<'a> {
    pub(super) input: Input,
    pub(super) bindings: Vec<Binding<'a>>,
}

impl<'a> Reading<'a> {
    /// The same x for a further product: what the first stores on the way is not stored again.
    pub(super) fn again(&self) -> Reading<'a> {
        let mut again = self.clone();
        if let Input::Residual { epsilon, rows } = self.input {
            again.input = Input::LastResidual { epsilon, rows };
            again.bindings.remove(Input::STORED);
        }
        again
    }
}
