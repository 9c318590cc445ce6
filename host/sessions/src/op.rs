//! Operations: everything that can happen to sessions, as values.
//!
//! An [`Op`] with its [`Stamp`] carries all that decides its outcome, so the same ops applied to the same state give the same
//! state, always. Recovery, simulation and replay stand on this.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::{
    attempt::Report,
    caller::{Caller, RequestName},
    ids::{Handle, Index, Key},
    policy::KindPolicy,
};

/// What an operator does to its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionOp {
    /// Append a record.
    Append(Bytes),
    /// Drop all records and keep this one.
    Replace(Bytes),
    /// The work is finished: forget the session.
    Delete,
    /// Close the session and repeat it after this many seconds; with none, after the kind's delay.
    Store {
        /// The timeout, in seconds.
        timeout_s: Option<u32>,
    },
}

/// The name of what a client asks, without what it asks it of: for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Open a session.
    New,
    /// [`SessionOp::Append`].
    Append,
    /// [`SessionOp::Replace`].
    Replace,
    /// [`SessionOp::Delete`].
    Delete,
    /// [`SessionOp::Store`].
    Store,
    /// Renew a lease.
    Renew,
}

impl Operation {
    /// Each of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::New, Self::Append, Self::Replace, Self::Delete, Self::Store, Self::Renew];

    /// A short stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Store => "store",
            Self::Renew => "renew",
        }
    }
}

impl SessionOp {
    /// Its name.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Append(_) => Operation::Append,
            Self::Replace(_) => Operation::Replace,
            Self::Delete => Operation::Delete,
            Self::Store { .. } => Operation::Store,
        }
    }

    /// A hash of what is asked. It lies in the store beside an operation's number, so it may never change; xxh3 has a
    /// fixed definition.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        match self {
            Self::Append(record) => xxh3_64_with_seed(record, 1),
            Self::Replace(record) => xxh3_64_with_seed(record, 2),
            Self::Delete => 3,
            Self::Store { timeout_s: None } => 4,
            Self::Store { timeout_s: Some(seconds) } => xxh3_64_with_seed(&seconds.to_le_bytes(), 5),
        }
    }

    /// Whether its sender is done with the session.
    #[must_use]
    pub fn finishes(&self) -> bool {
        matches!(self, Self::Delete | Self::Store { .. })
    }

    /// The bytes of record that it brings.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        match self {
            Self::Append(record) | Self::Replace(record) => record.len(),
            Self::Delete | Self::Store { .. } => 0,
        }
    }
}

/// A client's wish for a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct New {
    /// The client kind.
    pub kind: u32,
    /// The first record, if there is one already.
    pub record: Option<Bytes>,
    /// Names this request, so that a retry of it gets the first answer.
    pub request: Option<RequestName>,
    /// A W3C traceparent for the handler. At most [`TRACEPARENT_BYTES_MAX`](crate::limits::TRACEPARENT_BYTES_MAX) bytes.
    pub traceparent: Option<String>,
}

impl New {
    /// As [`SessionOp::fingerprint`]. The traceparent is left out: a retry may be traced anew.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::with_seed(6);
        hash.update(&self.kind.to_le_bytes());
        if let Some(record) = &self.record {
            hash.update(&[1]);
            hash.update(record);
        }
        hash.digest()
    }
}

/// Anything that can happen to sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A client opens a session.
    New {
        /// What it asked for.
        new: New,
        /// The key it will be given.
        key: Key,
        /// Who asks.
        caller: Caller,
    },
    /// A client works on its session.
    Client {
        /// What it holds.
        handle: Handle,
        /// The operation's number; 0 for none.
        number: u64,
        /// [`SessionOp::fingerprint`] of `op`.
        fingerprint: u64,
        /// The operation.
        op: SessionOp,
        /// Who asks.
        caller: Caller,
    },
    /// A client renews a lease that had ended, before a run claimed the session.
    Resume(Handle),
    /// A client's lease ended.
    LeaseEnded(Index),
    /// The session is due and a worker of its kind is free.
    Claim {
        /// The session.
        id: Index,
        /// The key of the run.
        key: Key,
    },
    /// A run commits what its handler asked so far.
    Barrier {
        /// What the run holds.
        handle: Handle,
        /// What the handler asked since the last barrier.
        ops: Vec<SessionOp>,
    },
    /// A run ended.
    Finish {
        /// What the run holds.
        handle: Handle,
        /// What the handler asked since the last barrier; not applied unless the handler returned.
        ops: Vec<SessionOp>,
        /// How it ended.
        report: Report,
    },
    /// A person does something to a session.
    Admin(AdminRequest),
    /// The host died while a run held the session: found when a new host opens the store.
    HostDied(Index),
}

/// What a person asks of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminRequest {
    /// The session.
    pub id: Index,
    /// What to do.
    pub op: AdminOp,
    /// Only if the session did not change since: its [`change_id`](crate::Session::change_id) when it was looked at.
    pub unchanged_since: Option<Index>,
    /// Also where a client holds the session; it is taken from the client then.
    pub force: bool,
}

/// What a person can do to a session. Which state each is for: the table of [`rules`](crate::rules)`::admin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdminOp {
    /// Have a stored session repeated now, whatever it waits for.
    Repeat,
    /// Keep a session from being repeated, until a person decides.
    Park,
    /// Have a parked session repeated, as one that never was.
    Redrive,
    /// Forget a session, with everything that it recorded.
    Delete,
}

/// What the writer adds to an operation when it applies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The index that the operation will have, if it is applied.
    pub index: Index,
    /// The time, Unix milliseconds.
    pub now_ms: u64,
    /// Chance, for jitter.
    pub entropy: u64,
    /// The policy of the session's kind.
    pub policy: KindPolicy,
}

impl Stamp {
    /// When something stored now falls due: after `wait_ms`, and what chance adds of the kind's jitter.
    #[must_use]
    pub fn due_ms(&self, wait_ms: u64) -> u64 {
        let jitter = match self.policy.jitter_ms.checked_add(1) {
            Some(range) => self.entropy % range,
            None => self.entropy,
        };
        self.now_ms.saturating_add(wait_ms).saturating_add(jitter)
    }
}
