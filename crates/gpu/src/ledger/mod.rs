//! The memory ledger: every byte of GPU memory the program asked for, by purpose and by owner.
//!
//! A [`Charge`] is made before a buffer and credited when the buffer goes.
//! The total is never stored: it is the sum of the accounts, so the two cannot disagree.

mod account;
mod book;
mod scope;
mod snapshot;

pub use account::Account;
pub use scope::Scope;
pub use snapshot::{AccountUse, DriverUse, PhaseUse, ScopeUse, Snapshot, UNSEEN};

use std::sync::{Arc, Mutex};

use crate::Error;
use book::{Book, SharedBook, open};

/// Changes of this size and more are logged natively, under the target `rullama::memory`.
pub const LOGGED_BYTES_MIN: u64 = 1 << 20;

/// Accounts, scopes, peaks and budget of one device. Clones share one book.
#[derive(Clone, Debug)]
pub struct Ledger {
    book: SharedBook,
    root: Scope,
}

impl Ledger {
    /// An empty ledger; `budget` is the number of bytes that charges may reach together.
    #[must_use]
    pub fn new(budget: Option<u64>) -> Ledger {
        let book = Arc::new(Mutex::new(Book::new(budget)));
        let root = Scope::new(&book, "device");
        Ledger { book, root }
    }

    /// Charges `bytes` to `account` and `scope` until the returned charge is dropped.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the charge would pass the budget; the ledger is then unchanged.
    pub fn reserve(&self, scope: &Scope, account: Account, name: &str, bytes: u64) -> Result<Charge, Error> {
        let total = open(&self.book).charge(scope.id(), account, name, bytes)?;
        log("charged", account, name, bytes, total);
        Ok(Charge {
            book: Arc::clone(&self.book),
            scope: scope.clone(),
            account,
            name: name.into(),
            bytes,
            reached_the_queue: true,
        })
    }

    /// The scope of everything that was not given another one, named `device`.
    #[must_use]
    pub fn root(&self) -> &Scope {
        &self.root
    }

    /// A new owner of bytes, such as a model, a tower or a session.
    /// Its line leaves the reports when the last handle and the last buffer of it are gone.
    #[must_use]
    pub fn scope(&self, name: &str) -> Scope {
        Scope::new(&self.book, name)
    }

    /// Begins a phase such as `load` or `decode`; the high-water mark of each phase is reported.
    /// Beginning a phase whose name is known continues that phase.
    pub fn phase(&self, name: &str) {
        open(&self.book).phase(name);
    }

    /// Bytes charged now, all accounts together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        open(&self.book).total()
    }

    /// Bytes charged to one account now.
    #[must_use]
    pub fn bytes_in(&self, account: Account) -> u64 {
        open(&self.book).accounts[account.index()].bytes
    }

    /// The most bytes that were charged at one time.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        open(&self.book).peak
    }

    /// The number of bytes that charges may reach together, if there is such a limit.
    #[must_use]
    pub fn budget(&self) -> Option<u64> {
        open(&self.book).budget
    }

    /// Replaces the budget. Bytes that are charged already stay, even when they are more.
    pub fn set_budget(&self, budget: Option<u64>) {
        open(&self.book).budget = budget;
    }

    /// Notes the size of WebAssembly's linear memory, which only the bindings can see.
    pub fn set_linear_memory(&self, bytes: u64) {
        open(&self.book).linear_memory_bytes = Some(bytes);
    }

    /// Everything the ledger knows, as plain data.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        open(&self.book).snapshot()
    }

    pub(crate) fn recorder_opened(&self) {
        open(&self.book).recorders_open += 1;
    }

    pub(crate) fn recorder_closed(&self) {
        let mut book = open(&self.book);
        assert!(book.recorders_open > 0, "a recorder was closed that had not been opened");
        book.recorders_open -= 1;
    }

    /// Counts one submission and returns its number.
    pub(crate) fn submitted(&self) -> u64 {
        let mut book = open(&self.book);
        book.submitted += 1;
        book.submitted
    }

    /// The number of the latest submission.
    pub(crate) fn latest_submission(&self) -> u64 {
        open(&self.book).submitted
    }

    /// Notes that the queue has finished submission `serial` and all before it.
    pub(crate) fn passed(&self, serial: u64) {
        open(&self.book).pass(serial);
    }

    pub(crate) fn has_retired(&self) -> bool {
        !open(&self.book).retired.is_empty()
    }

    /// Name, account and size of the latest charge: the likely culprit when the driver runs out of memory later.
    pub(crate) fn latest_charge(&self) -> Option<(String, Account, u64)> {
        open(&self.book).latest.clone()
    }
}

/// Bytes charged to an account and a scope, credited on drop.
#[derive(Debug)]
pub struct Charge {
    book: SharedBook,
    scope: Scope,
    account: Account,
    name: Box<str>,
    bytes: u64,
    reached_the_queue: bool,
}

impl Charge {
    /// The name given by the caller, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The account that is charged.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account
    }

    /// The bytes charged.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the charge back: the buffer never came to be, so nothing is left to reclaim.
    pub(crate) fn refund(mut self) {
        self.reached_the_queue = false;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let mut book = open(&self.book);
        let total = book.credit(self.scope.id(), self.account, self.bytes);
        if self.reached_the_queue {
            book.retire(self.bytes);
        }
        drop(book);
        log("credited", self.account, &self.name, self.bytes, total);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn log(event: &'static str, account: Account, name: &str, bytes: u64, total: u64) {
    if bytes >= LOGGED_BYTES_MIN {
        tracing::debug!(target: "rullama::memory", event, %account, name, bytes, total);
    }
}

// The console of a browser keeps what is logged, which costs memory on the phones that have the least.
#[cfg(target_arch = "wasm32")]
fn log(_event: &'static str, _account: Account, _name: &str, _bytes: u64, _total: u64) {}

#[cfg(test)]
mod tests;
