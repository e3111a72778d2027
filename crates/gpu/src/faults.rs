//! Errors that arrive when no call is waiting for them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Error, Ledger};

/// An error as the driver or browser reports it, without any of its types, so that it can be kept.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    OutOfMemory,
    Validation(String),
    Internal(String),
}

impl From<wgpu::Error> for Fault {
    fn from(error: wgpu::Error) -> Fault {
        match error {
            wgpu::Error::OutOfMemory { .. } => Fault::OutOfMemory,
            wgpu::Error::Validation { description, .. } => Fault::Validation(description),
            wgpu::Error::Internal { description, .. } => Fault::Internal(description),
        }
    }
}

impl Fault {
    /// The fault as an error. The driver does not say which buffer it had no memory for,
    /// so the latest charge of `ledger` is named.
    pub(crate) fn into_error(self, ledger: &Ledger) -> Error {
        match self {
            Fault::Validation(message) => Error::Validation { message },
            Fault::Internal(message) => Error::Internal { message },
            Fault::OutOfMemory => match ledger.latest_charge() {
                Some((name, account, requested)) => Error::DriverOutOfMemory {
                    name,
                    account,
                    requested,
                    in_use: ledger.bytes().saturating_sub(requested),
                },
                None => Error::Internal { message: "out of memory before any buffer was made".to_owned() },
            },
        }
    }
}

/// What has gone wrong on a device behind the program's back.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    lost: Option<String>,
    // The first fault is the cause; those after it are mostly its consequences.
    first: Option<Fault>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lose(&self, reason: &str) {
        self.state().lost.get_or_insert_with(|| reason.to_owned());
    }

    pub(crate) fn note(&self, fault: Fault) {
        self.state().first.get_or_insert(fault);
    }

    /// Fails once the device is lost.
    pub(crate) fn check_alive(&self) -> Result<(), Error> {
        match &self.state().lost {
            Some(reason) => Err(Error::DeviceLost { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Fails once the device is lost, and once for the first fault since the last call.
    pub(crate) fn surface(&self, ledger: &Ledger) -> Result<(), Error> {
        self.check_alive()?;
        let first = self.state().first.take();
        first.map_or(Ok(()), |fault| Err(fault.into_error(ledger)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    #[test]
    fn the_driver_running_out_of_memory_names_the_latest_buffer() {
        let ledger = Ledger::new(Some(1000));
        let _kept = ledger.reserve(ledger.root(), Account::Weights, "kept", 300).unwrap();
        let _made = ledger.reserve(ledger.root(), Account::KvCache, "cache", 500).unwrap();
        let error = Fault::OutOfMemory.into_error(&ledger);
        let expect = Error::DriverOutOfMemory {
            name: "cache".to_owned(),
            account: Account::KvCache,
            requested: 500,
            in_use: 300,
        };
        assert_eq!((error.code(), &error), ("OUT_OF_MEMORY", &expect));
    }

    #[test]
    fn the_first_fault_comes_up_once_and_loss_for_ever() {
        let (ledger, faults) = (Ledger::new(None), Faults::default());
        let check = |expect: Option<&str>| {
            assert_eq!(faults.surface(&ledger).err().map(|error| error.to_string()).as_deref(), expect);
        };
        check(None);
        faults.note(Fault::Validation("cause".to_owned()));
        faults.note(Fault::Internal("consequence".to_owned()));
        check(Some("the GPU refused a command: cause; please report this"));
        check(None);
        faults.lose("unplugged");
        faults.lose("later reason");
        check(Some("the GPU device was lost: unplugged; load the model again"));
        check(Some("the GPU device was lost: unplugged; load the model again"));
    }
}
