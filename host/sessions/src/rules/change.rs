//! What the rules decide: a change to one session and the answer to its sender.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    attempt::Attempt,
    ids::{Handle, Index},
    rules::Size,
    session::{Applied, Client, Session},
};

/// What becomes of an operation that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing changes: it was applied before, or there is nothing to do.
    Answer(Reply),
    /// The session changes.
    Change(Box<Change>),
}

/// A change to one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The session afterwards; if it is gone, what is remembered of it.
    pub session: Session,
    /// Whether it is gone afterwards.
    pub gone: bool,
    /// What happens to its records.
    pub records: RecordsChange,
    /// An attempt to add to its history.
    pub attempt: Option<Attempt>,
    /// The answer, once the change is durable.
    pub reply: Reply,
}

/// What happens to a session's records: first perhaps all are dropped, then some are appended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsChange {
    /// Whether all that were there are dropped.
    pub clear: bool,
    /// What is appended then.
    pub append: Vec<Bytes>,
}

impl RecordsChange {
    /// Append a record.
    pub fn append(&mut self, record: Bytes) {
        self.append.push(record);
    }

    /// Drop all records and keep this one.
    pub fn replace(&mut self, record: Bytes) {
        self.clear = true;
        self.append.clear();
        self.append.push(record);
    }

    /// Add a later change to this one.
    pub fn then(&mut self, later: Self) {
        if later.clear {
            *self = later;
        } else if self.append.is_empty() {
            // Most often, and then there is a list already.
            self.append = later.append;
        } else {
            self.append.extend(later.append);
        }
    }

    /// The number of the first record that it appends, for a session that had `before` records.
    #[must_use]
    pub fn first_number(&self, before: u32) -> u32 {
        if self.clear { 0 } else { before }
    }
}

impl Session {
    /// Take over what the session holds now.
    pub(super) fn set_size(&mut self, size: Size) {
        self.records = size.records;
        self.bytes = size.bytes;
    }
}

/// The answer to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To `New`.
    Opened(Opened),
    /// To a client's operation.
    Applied(Applied),
    /// To the end of a run.
    Ended(Ended),
    /// To an operation that has nothing to tell.
    Done,
    /// To an operation that comes from a timer and came too late: there was nothing to do.
    Moot,
}

/// A session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// What its client needs to work with it.
    pub handle: Handle,
    /// The index at which the client got it.
    pub fence: Index,
    /// How long the client may stay silent, in milliseconds.
    pub lease_ms: u64,
}

impl Opened {
    /// What `New` answers, and answers again to a retry, for a session of this id and client.
    #[must_use]
    pub fn of(id: Index, client: &Client) -> Self {
        // The fence of whoever opened it is its id, whoever holds it since.
        Self { handle: Handle { id, key: client.key }, fence: id, lease_ms: client.lease_ms }
    }
}

/// What became of a session at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The handler deleted it.
    Deleted,
    /// The handler stored it.
    Stored {
        /// When it falls due, Unix milliseconds.
        due_ms: u64,
    },
    /// The run finished nothing: repeated after the backoff.
    Backoff {
        /// When it falls due, Unix milliseconds.
        due_ms: u64,
    },
    /// It is out of repeats, or its handler declared it hopeless.
    Parked,
}

impl Ended {
    /// A short stable name, for logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Stored { .. } => "stored",
            Self::Backoff { .. } => "backoff",
            Self::Parked => "parked",
        }
    }
}
