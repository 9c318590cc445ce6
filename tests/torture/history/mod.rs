//! What was seen of the sessions of one round, as values: the checker reads nothing else.
//!
//! Three kinds of witnesses, none of which trusts the host: clients write down what they asked and what they were answered
//! ([`Call`]), a server outside writes down what handlers were handed ([`Handed`]), and onlookers ask the host what it knows
//! ([`Look`]). All times are of one monotonic clock.

mod record;

use std::time::Duration;

pub use mpy6a_client::Index;

pub use self::record::Record;

/// A moment: time since the round began.
pub type At = Duration;

/// The end of something that may still happen: a request without an answer can be applied at any later time.
pub const NEVER: At = Duration::MAX;

/// The number of a session among those of a round. Each of its records carries it, so that a session whose `New` was never
/// answered is recognised all the same.
pub type Tag = u32;

/// Everything about one session.
#[derive(Clone, Debug)]
pub struct History {
    pub tag: Tag,
    pub kind: u32,
    /// The lease that its kind grants.
    pub lease: Duration,
    /// From the end of a lease to the repeat, at least.
    pub delay: Duration,
    /// In the order in which they began. The first opens it.
    pub calls: Vec<Call>,
    /// In the order in which the outside saw them.
    pub handed: Vec<Handed>,
    pub looks: Vec<Look>,
}

/// One request of the client, and its answer. A retry is a call of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The operation's number; 0 for none, and for renewals. For an opening, anything: its request id names it.
    pub number: u64,
    pub what: What,
    /// With a key that is not the session's.
    pub forged: bool,
    pub began: At,
    /// [`NEVER`] where no answer came.
    pub ended: At,
    pub answer: Answer,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Open(Record),
    Append(Record),
    Replace(Record),
    Delete,
    /// With this timeout in seconds, or the kind's delay.
    Store(Option<u32>),
    Renew,
}

/// What it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done. The index of the change, where the answer says it: for an opening, the session's id.
    Done { change: Option<Index>, due_ms: Option<u64> },
    /// Not done, and why, in the words of `docs/protocol.md`.
    Refused(String),
    /// No answer came: it was done once or never, or will be.
    Unknown,
}

/// A run of a handler told what it was handed.
#[derive(Clone, Debug)]
pub struct Handed {
    pub session: Index,
    pub fence: Index,
    pub repeat: u32,
    pub records: Vec<Record>,
    pub due_ms: u64,
    pub seen: At,
    /// The real wall clock then, Unix milliseconds.
    pub seen_ms: u64,
    /// What it was told to do: operations, parted by requests, each of which commits those before it.
    pub script: Script,
    /// When each of those requests was seen.
    pub told: Vec<At>,
}

/// What a run is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// One more than there are requests on the way.
    pub parts: Vec<Vec<Act>>,
    pub end: End,
}

/// One operation of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Append(Record),
    Replace(Record),
    Delete,
    Store(Option<u32>),
}

/// How a run is to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Return,
    Retry,
    Permanent,
    /// By a trap or a limit, which throws the last part away.
    Trap,
    Loop,
    Memory,
}

impl End {
    /// Whether the handler itself returns, so that its last part is committed.
    pub fn returns(self) -> bool {
        matches!(self, Self::Return | Self::Retry | Self::Permanent)
    }
}

/// What the host says of a session.
#[derive(Clone, Debug)]
pub struct Look {
    pub began: At,
    pub ended: At,
    /// None: it knows no such session.
    pub found: Option<Found>,
}

/// A session as the host shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub state: Phase,
    pub change: Index,
    pub fence: Index,
    pub records: Vec<Record>,
    /// The last runs that it tells of, by their fences.
    pub attempts: Vec<(Index, Attempt)>,
}

/// How a run ended, as the host tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The handler returned, and what it did to the end is committed.
    Returned,
    /// What it did since its last request is thrown away, or it did not hear what to do.
    Lost,
}

/// The states of a session, as the host names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Active,
    Stored,
    Repeating,
    Parked,
}

impl History {
    /// The run that took the session from its client, as far as runs were seen.
    pub fn first_run(&self) -> Option<&Handed> {
        self.handed.iter().min_by_key(|handed| handed.fence)
    }

    /// The session's id, from whoever learned it.
    pub fn id(&self) -> Option<Index> {
        let opened = self.calls.iter().find_map(|call| match (&call.what, &call.answer) {
            (What::Open(_), Answer::Done { change, .. }) => *change,
            _ => None,
        });
        opened.or_else(|| self.handed.first().map(|handed| handed.session))
    }
}
