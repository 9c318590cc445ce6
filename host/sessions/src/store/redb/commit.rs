//! One commit: one redb transaction over every table that changes.

use std::sync::Arc;

use ::redb::Database;

use super::{LogState, attempts, due, io, meta, records, requests, sessions, tombstones};
use crate::{
    ids::Index,
    store::{ChangeSet, Pause, RowKey, SessionChange, StoreError, Tombstone, Waiting},
};

/// What one commit writes, borrowed from wherever it lies.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    /// The index of the last operation in it; zeroes if there is none.
    pub last: Index,
    /// See [`ChangeSet::now_ms`].
    pub now_ms: u64,
    /// Each changed session once.
    pub sessions: Vec<&'a SessionChange>,
    /// The kinds whose counts changed, with their new counts.
    pub waiting: Vec<(u32, Waiting)>,
    /// See [`ChangeSet::remember`].
    pub remember: Vec<(RowKey, &'a [Tombstone])>,
    /// See [`ChangeSet::forget`].
    pub forget: Vec<RowKey>,
    /// See [`ChangeSet::pauses`].
    pub pauses: Vec<(u32, Option<Pause>)>,
}

impl ChangeSet {
    /// The rows that it writes.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            last: self.last,
            now_ms: self.now_ms,
            sessions: self.sessions.iter().collect(),
            waiting: self.waiting.clone(),
            remember: self.remember.iter().map(|(row, tombstones)| (*row, tombstones.as_slice())).collect(),
            forget: self.forget.clone(),
            pauses: self.pauses.clone(),
        }
    }
}

/// Commits to a store, on whatever thread it likes. One at a time.
#[derive(Clone)]
pub struct Committer {
    pub(super) database: Arc<Database>,
}

impl Committer {
    /// Make all of it durable, or nothing; with it, where given, what the store knows of its log.
    ///
    /// # Errors
    ///
    /// If it may not be durable.
    pub fn commit(&self, rows: &Rows<'_>, log: Option<&LogState>) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(io)?;
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        sessions::write(&transaction, &rows.sessions)?;
        records::write(&transaction, &rows.sessions)?;
        due::write(&transaction, &rows.sessions)?;
        attempts::write(&transaction, &rows.sessions)?;
        meta::write_counts(&transaction, &rows.waiting)?;
        meta::write_pauses(&transaction, &rows.pauses)?;
        requests::write(&transaction, &rows.sessions)?;
        tombstones::write(&transaction, &rows.remember, &rows.forget)?;
        meta::write_last(&transaction, rows.last)?;
        meta::write_time(&transaction, rows.now_ms)?;
        if let Some(log) = log {
            meta::write_log(&transaction, log)?;
        }
        transaction.commit().map_err(io)
    }
}
