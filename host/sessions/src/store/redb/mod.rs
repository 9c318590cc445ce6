//! The embedded store, over [redb](https://docs.rs/redb): one file, one file of code for each table.
//!
//! A commit is one redb transaction with two-phase commit and quick repair: the first, so that no client's bytes can make a
//! torn commit look whole; the second, so that recovery after a kill takes no walk over the file. `docs/storage.md` has
//! the bytes.
//!
//! Invariants, checked by the conformance suite: a session is in `held` or in `waiting`, never in both; a stored one, and only
//! that, has a row in `due`, a parked one in `parked`; one whose `New` had a name, and only that, has a row in `requests`; record rows are as many as the session's row says; nothing is left of a session that is gone.

mod attempts;
mod backup;
pub mod codec;
mod commit;
mod due;
mod make;
mod meta;
mod open;
mod overlay;
mod records;
mod requests;
mod sessions;
#[cfg(test)]
mod tests;
mod tombstones;
mod upgrade;
mod verify;

use std::{cell::OnceCell, sync::Arc};

use ::redb::{Database, ReadableDatabase, ReadableTableMetadata as _};
use bytes::Bytes;

pub use backup::{BackupError, RESTORED_TERMS, beside, install};
pub use commit::{Committer, Rows};
pub use meta::LogState;
pub use open::OpenError;
pub use verify::{Verified, verify};

use crate::{
    attempt::Attempt,
    caller::RequestName,
    ids::Index,
    session::{Due, Line, Session},
    store::{ChangeSet, Found, Snapshot, Store, StoreError, TakeSnapshot},
};

/// Sessions in a redb file.
pub struct RedbStore {
    database: Arc<Database>,
    /// The tables as of the last commit, opened when first read.
    reading: OnceCell<Reading>,
}

/// Every table, open for reading, at one point of history.
struct Reading {
    held: sessions::Reading,
    waiting: sessions::Reading,
    records: records::Reading,
    due: due::Reading,
    parked: due::Reading,
    attempts: attempts::Reading,
    requests: requests::Reading,
    /// Whether `requests` is empty, which spares most hosts a look into it for each `New`.
    no_requests: bool,
}

impl RedbStore {
    /// Commits to this store from another thread. What is read here stays as it is until [`RedbStore::refresh`].
    #[must_use]
    pub fn committer(&self) -> Committer {
        Committer { database: Arc::clone(&self.database) }
    }

    /// Read as of the last commit from now on.
    pub fn refresh(&mut self) {
        self.reading.take();
    }

    /// Read as of now until [`RedbStore::refresh`].
    ///
    /// # Errors
    ///
    /// If the tables cannot be opened.
    pub fn pin(&self) -> Result<(), StoreError> {
        self.reading().map(drop)
    }

    /// What the store knows of the log in front of it; none if it never had one.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is damaged.
    pub fn log_state(&self) -> Result<Option<LogState>, StoreError> {
        let transaction = self.database.begin_read().map_err(io)?;
        meta::log(&transaction.open_table(meta::META).map_err(io)?)
    }

    /// The store as of its last commit.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn snapshot_now(&self) -> Result<impl Snapshot + use<>, StoreError> {
        Ok(backup::RedbSnapshot(self.database.begin_read().map_err(io)?))
    }

    fn reading(&self) -> Result<&Reading, StoreError> {
        if let Some(reading) = self.reading.get() {
            return Ok(reading);
        }
        let transaction = self.database.begin_read().map_err(io)?;
        let requests = transaction.open_table(requests::REQUESTS).map_err(io)?;
        let reading = Reading {
            held: transaction.open_table(sessions::HELD).map_err(io)?,
            waiting: transaction.open_table(sessions::WAITING).map_err(io)?,
            records: transaction.open_table(records::RECORDS).map_err(io)?,
            due: transaction.open_table(due::DUE).map_err(io)?,
            parked: transaction.open_table(due::PARKED).map_err(io)?,
            attempts: transaction.open_table(attempts::ATTEMPTS).map_err(io)?,
            no_requests: requests.is_empty().map_err(io)?,
            requests,
        };
        Ok(self.reading.get_or_init(|| reading))
    }
}

impl Store for RedbStore {
    fn take_over(&mut self) -> Result<Found, StoreError> {
        let transaction = self.database.begin_read().map_err(io)?;
        let table = transaction.open_table(meta::META).map_err(io)?;
        let (before, now_ms) = (meta::last(&table)?, meta::time(&table)?);
        let waiting = meta::counts(&transaction.open_table(meta::COUNTS).map_err(io)?)?;
        let tombstones = tombstones::all(&transaction.open_table(tombstones::TOMBSTONES).map_err(io)?)?;
        let pauses = meta::pauses(&transaction.open_table(meta::PAUSES).map_err(io)?)?;
        let held = sessions::all(&self.reading()?.held)?;
        drop((table, transaction));
        let last = Index { term: before.term + 1, ..before };
        self.commit(ChangeSet { last, ..ChangeSet::default() })?;
        Ok(Found { last, now_ms, held, waiting, pauses, tombstones })
    }

    fn session(&self, id: Index) -> Result<Option<Session>, StoreError> {
        let reading = self.reading()?;
        match sessions::get(&reading.held, id)? {
            Some(session) => Ok(Some(session)),
            None => sessions::get(&reading.waiting, id),
        }
    }

    fn opened_by(&self, name: &RequestName) -> Result<Option<Index>, StoreError> {
        let reading = self.reading()?;
        if reading.no_requests { Ok(None) } else { requests::get(&reading.requests, name) }
    }

    fn records(&self, session: &Session) -> Result<Vec<Bytes>, StoreError> {
        records::of(&self.reading()?.records, session)
    }

    fn attempts(&self, session: &Session) -> Result<Vec<Attempt>, StoreError> {
        attempts::of(&self.reading()?.attempts, session.id)
    }

    fn due(&self, kind: u32, until_ms: u64, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError> {
        due::until(&self.reading()?.due, kind, None, until_ms, count_max)
    }

    fn waiting(
        &self,
        kind: u32,
        line: Line,
        after: Option<Due>,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError> {
        let reading = self.reading()?;
        let table = match line {
            Line::Stored => &reading.due,
            Line::Parked => &reading.parked,
        };
        due::until(table, kind, after, u64::MAX, count_max)
    }

    fn snapshot(&mut self, take: TakeSnapshot) -> Result<(), StoreError> {
        take(Box::new(self.snapshot_now()?));
        Ok(())
    }

    fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError> {
        // A reader of the past would keep its pages from being used again.
        self.refresh();
        self.committer().commit(&changes.rows(), None)
    }
}

/// What redb says, as the store's own error: no redb type leaves this module.
fn io(error: impl Into<::redb::Error>) -> StoreError {
    match error.into() {
        ::redb::Error::Corrupted(what) => StoreError::Damaged(what),
        error => StoreError::Io(error.to_string()),
    }
}
