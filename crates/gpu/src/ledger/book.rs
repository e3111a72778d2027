//! The numbers behind a ledger.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Account;
use super::snapshot::{AccountUse, PhaseUse, ScopeUse, Snapshot, UNSEEN};
use crate::Error;

pub(super) type SharedBook = Arc<Mutex<Book>>;

/// Opens the book. A panic elsewhere cannot leave it half-written, so poison is ignored.
pub(super) fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of the phase before the first one is begun.
const FIRST_PHASE: &str = "start";

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) bytes: u64,
    pub(super) peak: u64,
    pub(super) buffers: u64,
    pub(super) largest: u64,
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.buffers += 1;
        self.peak = self.peak.max(self.bytes);
        self.largest = self.largest.max(bytes);
    }

    fn subtract(&mut self, bytes: u64) {
        assert!(
            self.bytes >= bytes && self.buffers > 0,
            "credit of {bytes} bytes to an account that holds {} bytes in {} buffers",
            self.bytes,
            self.buffers
        );
        self.bytes -= bytes;
        self.buffers -= 1;
    }
}

#[derive(Debug)]
pub(super) struct Book {
    pub(super) budget: Option<u64>,
    pub(super) accounts: [Tally; Account::ALL.len()],
    pub(super) scopes: BTreeMap<u64, (String, Tally)>,
    pub(super) next_scope: u64,
    pub(super) peak: u64,
    pub(super) linear_memory_bytes: Option<u64>,
    pub(super) latest: Option<(String, Account, u64)>,
    /// Number of the latest submission.
    pub(super) submitted: u64,
    /// Number of the latest submission that is known to be finished.
    passed: u64,
    /// Recorders whose commands are not submitted yet; a buffer dropped meanwhile may be in them.
    pub(super) recorders_open: usize,
    /// Bytes dropped, each with the submission after which they can be reclaimed.
    pub(super) retired: Vec<(u64, u64)>,
    phases: Vec<(String, u64)>,
    phase: usize,
}

impl Book {
    pub(super) fn new(budget: Option<u64>) -> Book {
        Book {
            budget,
            accounts: Default::default(),
            scopes: BTreeMap::new(),
            next_scope: 0,
            peak: 0,
            linear_memory_bytes: None,
            latest: None,
            submitted: 0,
            passed: 0,
            recorders_open: 0,
            retired: Vec::new(),
            phases: vec![(FIRST_PHASE.to_owned(), 0)],
            phase: 0,
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.accounts.iter().map(|account| account.bytes).sum()
    }

    fn retired_bytes(&self) -> u64 {
        self.retired.iter().map(|&(_, bytes)| bytes).sum()
    }

    /// Adds a buffer and returns the new total.
    pub(super) fn charge(
        &mut self,
        scope: u64,
        account: Account,
        name: &str,
        bytes: u64,
    ) -> Result<u64, Error> {
        let in_use = self.total();
        if let Some(budget) = self.budget
            && in_use.saturating_add(bytes) > budget
        {
            return Err(Error::OutOfMemory {
                name: name.to_owned(),
                account,
                requested: bytes,
                in_use,
                budget,
            });
        }
        self.accounts[account.index()].add(bytes);
        self.scope_tally(scope).add(bytes);
        self.latest = Some((name.to_owned(), account, bytes));
        let total = in_use + bytes;
        self.peak = self.peak.max(total);
        let mark = &mut self.phases[self.phase].1;
        *mark = total.max(*mark);
        Ok(total)
    }

    /// Takes a buffer away and returns the new total.
    pub(super) fn credit(&mut self, scope: u64, account: Account, bytes: u64) -> u64 {
        self.accounts[account.index()].subtract(bytes);
        self.scope_tally(scope).subtract(bytes);
        self.total()
    }

    fn scope_tally(&mut self, scope: u64) -> &mut Tally {
        // A charge holds its scope, so the line is there as long as bytes are on it.
        &mut self.scopes.get_mut(&scope).expect("the scope of a live charge is in the book").1
    }

    pub(super) fn retire(&mut self, bytes: u64) {
        let last_use = self.submitted + u64::from(self.recorders_open > 0);
        if last_use > self.passed {
            self.retired.push((last_use, bytes));
        }
    }

    pub(super) fn pass(&mut self, serial: u64) {
        self.passed = self.passed.max(serial);
        let passed = self.passed;
        self.retired.retain(|&(last_use, _)| last_use > passed);
    }

    pub(super) fn phase(&mut self, name: &str) {
        let total = self.total();
        self.phase = match self.phases.iter().position(|(known, _)| known == name) {
            Some(known) => known,
            None => {
                self.phases.push((name.to_owned(), 0));
                self.phases.len() - 1
            }
        };
        let mark = &mut self.phases[self.phase].1;
        *mark = total.max(*mark);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let accounts = Account::ALL.map(|account| {
            let tally = self.accounts[account.index()];
            AccountUse {
                account,
                bytes: tally.bytes,
                peak_bytes: tally.peak,
                buffers: tally.buffers,
                largest_bytes: tally.largest,
            }
        });
        let scopes = self.scopes.values().map(|(name, tally)| ScopeUse {
            name: name.clone(),
            bytes: tally.bytes,
            peak_bytes: tally.peak,
            buffers: tally.buffers,
        });
        let phases =
            self.phases.iter().map(|(name, peak)| PhaseUse { name: name.clone(), peak_bytes: *peak });
        Snapshot {
            total_bytes: self.total(),
            peak_bytes: self.peak,
            buffers: self.accounts.iter().map(|account| account.buffers).sum(),
            largest_bytes: self.accounts.iter().map(|account| account.largest).max().unwrap_or(0),
            budget_bytes: self.budget,
            retired_bytes: self.retired_bytes(),
            accounts: accounts.to_vec(),
            scopes: scopes.collect(),
            phases: phases.collect(),
            linear_memory_bytes: self.linear_memory_bytes,
            driver: None,
            unseen: UNSEEN,
        }
    }
}
