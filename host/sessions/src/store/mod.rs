//! Where sessions are kept: a trait that the writer speaks, and its implementations.
//!
//! A store is dumb on purpose. It does not know the rules; it keeps rows, finds what is due, and makes a [`ChangeSet`]
//! durable in one go. The writer is its only user, so a store needs no locks of its own. What any implementation must do
//! is written down as a suite that runs: `conformance`.
//!
//! | part | what |
//! |---|---|
//! | [`redb`] | a B-tree in one file: every commit goes straight into it |
//! | [`logged`] | the same with the [operation log](log) in front: what a host runs on |
//! | [`disk`], [`background`] | the seams to the operating system: files, and work beside the writer |

pub mod background;
pub mod before;
#[cfg(test)]
mod conformance;
pub mod disk;
pub mod log;
pub mod logged;
pub mod redb;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    attempt::Attempt,
    caller::{Origin, RequestName},
    ids::Index,
    rules::RecordsChange,
    session::{Client, Due, Line, Session},
};

/// Keeps sessions.
///
/// Every error is final: after one the writer refuses everything and the process ends.
pub trait Store: Send {
    /// Take ownership: raise the term by one, durably, and tell what was found. Called once, first.
    ///
    /// # Errors
    ///
    /// If the rows cannot be read or the new term cannot be written.
    fn take_over(&mut self) -> Result<Found, StoreError>;

    /// One session.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is damaged.
    fn session(&self, id: Index) -> Result<Option<Session>, StoreError>;

    /// The session that the `New` of this name opened, if it may still be there: a session that is gone, or one that another
    /// name opened, is the caller's to rule out.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn opened_by(&self, name: &RequestName) -> Result<Option<Index>, StoreError>;

    /// The records of a session, oldest first.
    ///
    /// # Errors
    ///
    /// If one is missing, cannot be read, or is damaged.
    fn records(&self, session: &Session) -> Result<Vec<Bytes>, StoreError>;

    /// The attempts kept of a session, oldest first.
    ///
    /// # Errors
    ///
    /// If one cannot be read, or is damaged.
    fn attempts(&self, session: &Session) -> Result<Vec<Attempt>, StoreError>;

    /// The stored sessions of a kind that are due at this time, in [`Due`] order, at most `count_max`.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn due(&self, kind: u32, until_ms: u64, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError>;

    /// The sessions of a kind in this line, in order, those behind `after` where it is given, at most `count_max`.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn waiting(
        &self,
        kind: u32,
        line: Line,
        after: Option<Due>,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError>;

    /// Hand over everything that was committed so far, to be copied elsewhere while commits go on. It may take a while, in which
    /// [`Store::poll`] has to be called; what was committed meanwhile may be in it as well.
    ///
    /// # Errors
    ///
    /// If the store cannot be read. It is not to be used any more then.
    fn snapshot(&mut self, take: TakeSnapshot) -> Result<(), StoreError>;

    /// Make all of it durable, or nothing. Once this returned Ok, no crash undoes it.
    ///
    /// # Errors
    ///
    /// If it may not be durable. The store is not to be used any more then.
    fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError>;

    /// Look after work that goes on beside the writer: how soon to call this again, if there is any.
    ///
    /// # Errors
    ///
    /// If that work failed. The store is not to be used any more then.
    fn poll(&mut self) -> Result<Option<Duration>, StoreError> {
        Ok(None)
    }

    /// Put everything in order before the store is dropped. One that is dropped without this loses nothing, but the next
    /// host has more to do when it takes over.
    ///
    /// # Errors
    ///
    /// If something cannot be written. What was committed stays so.
    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Where a [snapshot](Store::snapshot) goes. Called on the writer's thread, so it only hands it on.
pub type TakeSnapshot = Box<dyn FnOnce(Box<dyn Snapshot>) + Send>;

/// A store as of one moment.
pub trait Snapshot: Send {
    /// Write it into a new file, which can be opened as a store of its own. `salt`: random bits, for the log of that store.
    ///
    /// # Errors
    ///
    /// See [`BackupError`](redb::BackupError).
    fn write_to(&self, path: &std::path::Path, salt: [u8; 16]) -> Result<redb::Verified, redb::BackupError>;
}

/// What a store held when it was taken over.
#[derive(Debug, Default)]
pub struct Found {
    /// The term begun by taking over, and the index of the last applied operation.
    pub last: Index,
    /// The latest time of a commit, Unix milliseconds; 0 in a new store.
    pub now_ms: u64,
    /// Every session that somebody held: active and repeating ones, by id.
    pub held: Vec<Session>,
    /// How many sessions of each kind wait.
    pub waiting: BTreeMap<u32, Waiting>,
    /// The kinds that a person paused.
    pub pauses: BTreeMap<u32, Pause>,
    /// What is remembered of sessions that are gone, by when they went. More may be in a row than is remembered still.
    pub tombstones: Vec<(RowKey, Row)>,
}

/// A person paused a kind: no session of it is claimed until a person resumes it, whatever the config says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when, Unix milliseconds.
    pub since_ms: u64,
}

/// How many sessions of one kind wait. Kept as rows, since counting them would take a walk over all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Stored ones.
    pub stored: u64,
    /// Parked ones.
    pub parked: u64,
}

/// What one commit makes durable.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ChangeSet {
    /// The index of the last operation in it.
    pub last: Index,
    /// When it happened, Unix milliseconds: the writer's time, which never goes back. 0 says nothing about it.
    pub now_ms: u64,
    /// Each changed session once.
    pub sessions: Vec<SessionChange>,
    /// The kinds whose counts changed, with their new counts.
    pub waiting: Vec<(u32, Waiting)>,
    /// What to remember of sessions that are gone, a row for each group of callers.
    pub remember: Vec<(RowKey, Row)>,
    /// Rows of earlier commits of which nothing is to be remembered any more.
    pub forget: Vec<RowKey>,
    /// The sessions that are forgotten from now on. No matter to a store, which forgets whole rows: for whoever watches.
    #[serde(skip)]
    pub forgotten: Vec<Index>,
    /// The kinds that were paused, and those that were resumed.
    #[serde(skip)]
    pub pauses: Vec<(u32, Option<Pause>)>,
}

/// What became of one session in one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChange {
    /// The session's id.
    pub id: Index,
    /// The session as it is stored now; none if it is not. A log need not hold it: whoever replays the log has it.
    #[serde(skip)]
    pub before: Option<Session>,
    /// The session as it is to be stored; none to delete it.
    pub after: Option<Session>,
    /// What happens to its records.
    pub records: RecordsChange,
    /// Attempts to add. Of all, the newest `after.attempts` stay.
    pub attempts: Vec<Attempt>,
}

/// The name of a row of tombstones: those that one commit brought, of callers who are forgotten together. So a row is seldom
/// kept for the sake of a few in it, and a batch pays for few rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// An index of the commit, larger than any of an earlier one.
    pub at: Index,
    /// The callers: a named client, or those without a name of one access.
    pub group: u64,
}

impl RowKey {
    /// Length of the key form, in bytes.
    pub const BYTES: usize = Index::BYTES + 8;

    /// The key form, which sorts as history does.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..Index::BYTES].copy_from_slice(&self.at.to_bytes());
        bytes[Index::BYTES..].copy_from_slice(&self.group.to_be_bytes());
        bytes
    }

    /// The reverse of [`RowKey::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let (mut at, mut group) = ([0; Index::BYTES], [0; 8]);
        at.copy_from_slice(&bytes[..Index::BYTES]);
        group.copy_from_slice(&bytes[Index::BYTES..]);
        Self { at: Index::from_bytes(at), group: u64::from_be_bytes(group) }
    }
}

/// A row of tombstones. Shared by the writer, which looks retries up in it, and the store, which writes it down.
pub type Row = Arc<Vec<Tombstone>>;

/// A session that is gone, and what is remembered of it: enough to give a retry of its `New`, or of its client's last
/// operation, the first answer. For how long: [`REMEMBERED_MAX`](crate::limits::REMEMBERED_MAX).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The session's id.
    pub id: Index,
    /// The index that removed it.
    pub gone: Index,
    /// When that was, Unix milliseconds.
    pub gone_ms: u64,
    /// Its client.
    pub client: Client,
    /// Who opened it, and by which request.
    pub origin: Origin,
    /// Where the named client that opened it may still ask for an answer about it: the last of its requests about it. Forgotten
    /// as soon as the client has settled that one.
    pub unsettled: Option<u64>,
}

/// The store failed. There is no going on: what was not acknowledged may or may not be there after a restart.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the operating system failed.
    #[error("the store cannot be read or written: {0}")]
    Io(String),
    /// A row is not what was written.
    #[error("the store is damaged: {0}; restore a backup")]
    Damaged(String),
    /// Nothing is damaged, but the files are not those of this store, or not of this version. The text says what to do.
    #[error("the store cannot be taken over: {0}")]
    Foreign(String),
}
