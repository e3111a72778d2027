//! Owners of bytes.

use std::sync::Arc;

use super::Ledger;
use super::book::{SharedBook, Tally, open};

/// A handle to a line of the ledger that belongs to a model, a tower or a session.
/// Buffers made through [`Device::scoped`](crate::Device::scoped) are charged to it.
#[derive(Clone, Debug)]
pub struct Scope(Arc<Line>);

#[derive(Debug)]
struct Line {
    id: u64,
    name: String,
    book: SharedBook,
}

impl Scope {
    pub(super) fn new(book: &SharedBook, name: &str) -> Scope {
        let mut pages = open(book);
        let id = pages.next_scope;
        pages.next_scope += 1;
        pages.scopes.insert(id, (name.to_owned(), Tally::default()));
        drop(pages);
        Scope(Arc::new(Line { id, name: name.to_owned(), book: Arc::clone(book) }))
    }

    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    /// The name given when the scope was made.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn belongs_to(&self, ledger: &Ledger) -> bool {
        Arc::ptr_eq(&self.0.book, &ledger.book)
    }

    /// Bytes charged to this scope now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        open(&self.0.book).scopes[&self.0.id].1.bytes
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        open(&self.book).scopes.remove(&self.id);
    }
}
