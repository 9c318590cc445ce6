//! A session as the state machine knows it: everything but its records and its attempts, which lie in rows of their own.

use serde::{Deserialize, Serialize};

use crate::{
    caller::Origin,
    ids::{Handle, Index, Key},
};

/// One session. Read the states in the picture of `docs/architecture.md`, "A session's life".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The index that created it.
    pub id: Index,
    /// Its client kind.
    pub kind: u32,
    /// The index that last changed it.
    pub change_id: Index,
    /// The index at which its present operator got it.
    pub fence: Index,
    /// The client that opened it.
    pub client: Client,
    /// Who holds it, or what it waits for.
    pub state: State,
    /// When it was created, Unix milliseconds.
    pub created_ms: u64,
    /// When it was last stored, Unix milliseconds; the time of its creation until then.
    pub stored_ms: u64,
    /// Claims since an operator last stored it. A run that stores the session has made progress: counting begins anew.
    pub repeats: u32,
    /// How many records it has; they are numbered from 0.
    pub records: u32,
    /// How many bytes those have.
    pub bytes: u64,
    /// How many attempts are kept, at most [`ATTEMPTS_MAX`](crate::limits::ATTEMPTS_MAX).
    pub attempts: u32,
    /// The W3C traceparent given when it was created.
    pub traceparent: Option<String>,
    /// Who opened it, and by which request.
    pub origin: Origin,
}

impl Session {
    /// The place in the line where it waits, if it waits. For parked ones the time is that of parking.
    #[must_use]
    pub fn place(&self) -> Option<(Line, Due)> {
        match self.state {
            State::Stored(due) => Some((Line::Stored, due)),
            State::Parked { since_ms } => Some((Line::Parked, Due { at_ms: since_ms, stored: self.id })),
            State::Active | State::Repeating { .. } => None,
        }
    }

    /// Its place in this line, if it waits there.
    #[must_use]
    pub fn place_in(&self, line: Line) -> Option<Due> {
        self.place().filter(|(it, _)| *it == line).map(|(_, place)| place)
    }

    /// What the client was given.
    #[must_use]
    pub fn client_handle(&self) -> Handle {
        Handle { id: self.id, key: self.client.key }
    }
}

/// The client that opened a session, and what it was last answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The key it was given: the same for as long as the session lives.
    pub key: Key,
    /// How long it may stay silent, in milliseconds: what `New` promised, whatever the config says since.
    pub lease_ms: u64,
    /// Whether the session is still its own.
    pub standing: Standing,
    /// The last numbered operation, to answer a retry of it.
    pub last: Option<Answered>,
}

/// Whether a session is still its client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is: the client may go on, also after its lease ended, until a run claims the session.
    Holds,
    /// The client itself deleted or stored it; its key is refused from then on.
    GaveUp,
    /// A run claimed the session after the lease had ended; the key is refused from then on.
    Lost,
}

/// A numbered operation that was applied, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The number that the client chose; it grows with every operation on a session.
    pub number: u64,
    /// A hash of what was asked, to tell a retry from another operation that took the same number.
    pub fingerprint: u64,
    /// The answer.
    pub applied: Applied,
}

/// The answer to an applied operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The index of this change.
    pub change_id: Index,
    /// For `Store`: when the repeat falls due, Unix milliseconds.
    pub due_ms: Option<u64>,
}

/// Who holds a session, or what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Its client holds it, under a lease that lives in memory.
    Active,
    /// Nobody holds it; a run may claim it when it is due. While its client [holds](Standing::Holds) it still, the
    /// client's next operation makes it active again: an ended lease only makes a session eligible.
    Stored(Due),
    /// A run of its kind's handler holds it.
    Repeating {
        /// The run's key.
        key: Key,
        /// What it was claimed for.
        due: Due,
        /// When it was claimed, Unix milliseconds.
        since_ms: u64,
    },
    /// Out of repeats, or declared hopeless by its handler: kept whole until a person decides.
    Parked {
        /// Since when, Unix milliseconds.
        since_ms: u64,
    },
}

/// When a stored session is to be repeated; also, by [`Line`], the place of a parked one. Sorts as sessions are claimed: earlier
/// due time first; for equal due times, the one stored first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Due {
    /// The due time, Unix milliseconds.
    pub at_ms: u64,
    /// The index that stored the session.
    pub stored: Index,
}

/// Where sessions of a kind wait, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// Stored ones, in the order of their repeats.
    Stored,
    /// Parked ones, the one that was parked first before the others.
    Parked,
}

/// The states without what belongs to each, for lists and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateName {
    /// [`State::Active`]
    Active,
    /// [`State::Stored`]
    Stored,
    /// [`State::Repeating`]
    Repeating,
    /// [`State::Parked`]
    Parked,
}

impl StateName {
    /// Every one, in the order of a session's life.
    pub const ALL: [Self; 4] = [Self::Active, Self::Stored, Self::Repeating, Self::Parked];

    /// As people write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stored => "stored",
            Self::Repeating => "repeating",
            Self::Parked => "parked",
        }
    }
}

impl std::fmt::Display for StateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl State {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> StateName {
        match self {
            Self::Active => StateName::Active,
            Self::Stored(_) => StateName::Stored,
            Self::Repeating { .. } => StateName::Repeating,
            Self::Parked { .. } => StateName::Parked,
        }
    }

    /// When it is due, where it waits for that.
    #[must_use]
    pub fn due(&self) -> Option<Due> {
        match self {
            Self::Stored(due) => Some(*due),
            _ => None,
        }
    }

    /// Whether somebody holds it now: a client or a run.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Active | Self::Repeating { .. })
    }
}
