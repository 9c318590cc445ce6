//! What can be sent to the writer.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::{
    attempt::Attempt,
    caller::Caller,
    error::{Error, Refusal},
    ids::{Handle, Index},
    op::Op,
    policy::Kinds,
    rules::Reply,
    session::{Due, Line, Session},
    store::{Pause, Snapshot},
    writer::{Remembered, Turn},
};

/// Where an answer goes. A receiver that is gone is nobody's loss: the operation counts all the same.
pub type ReplyTo<T> = oneshot::Sender<Result<T, Error>>;

/// The answer for each of many leases: its length in milliseconds.
pub type Renewals = Vec<Result<u64, Refusal>>;

/// A message to the writer.
pub enum Message {
    /// Apply an operation.
    Apply(Op, ReplyTo<Reply>),
    /// Apply operations of a pipeline, in order.
    Turn(Turn),
    /// This pipeline is no more: its client is gone, or has no more to say.
    Broke(u64),
    /// Renew leases.
    Renew(Vec<Handle>, Caller, ReplyTo<Renewals>),
    /// Read one session whole.
    Inspect(Index, ReplyTo<Option<Box<Inspected>>>),
    /// Count sessions by kind and state.
    Count(ReplyTo<BTreeMap<u32, Counts>>),
    /// List sessions: a part of those that are held, or of a line.
    List(Part, ReplyTo<Page>),
    /// When the first stored session of each kind is due.
    Heads(ReplyTo<BTreeMap<u32, Due>>),
    /// How all kinds stand.
    Overview(ReplyTo<Box<Overview>>),
    /// Everything that was committed so far, to be copied.
    Snapshot(ReplyTo<Box<dyn Snapshot>>),
    /// Which kinds a person paused.
    Pauses(ReplyTo<BTreeMap<u32, Pause>>),
    /// Pause a kind, or resume it.
    SetPaused(u32, bool, ReplyTo<()>),
    /// The config changed.
    SetKinds(Kinds),
    /// Claim nothing from now on.
    StopClaims,
}

impl Message {
    /// The bytes of record that it holds, for the bounds of queue and batch.
    pub fn record_bytes(&self) -> usize {
        match self {
            Self::Apply(Op::New { new, .. }, _) => new.record.as_ref().map_or(0, Bytes::len),
            Self::Apply(Op::Client { op, .. }, _) => op.record_bytes(),
            Self::Apply(Op::Barrier { ops, .. } | Op::Finish { ops, .. }, _) => {
                ops.iter().map(crate::op::SessionOp::record_bytes).sum()
            }
            Self::Turn(turn) => turn.bytes,
            _ => 0,
        }
    }

    /// How many operations it counts for, for the bounds of queue and batch.
    pub fn ops(&self) -> usize {
        match self {
            Self::Turn(turn) => turn.asks.len(),
            _ => 1,
        }
    }
}

/// A session with everything that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The session.
    pub session: Session,
    /// Its records, oldest first.
    pub records: Vec<Bytes>,
    /// Its last attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// How long its client may still stay silent; none where it is not active.
    pub lease_left: Option<Duration>,
}

/// A part of all sessions to be listed, at most [`LIST_MAX`](crate::limits::LIST_MAX) at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those that somebody holds, of all kinds, by id, behind this one.
    Held(Option<Index>),
    /// Those of this kind that wait in this line, in order, behind this place.
    Waiting(u32, Line, Option<Due>),
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its sessions, in the part's order.
    pub sessions: Vec<Listed>,
    /// What lies behind it, if anything may.
    pub next: Option<Part>,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The session.
    pub session: Session,
    /// Its last attempt, if there was one.
    pub last: Option<Attempt>,
    /// See [`Inspected::lease_left`].
    pub lease_left: Option<Duration>,
}

/// How all kinds stand, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The sessions of every kind that has or had some, by state.
    pub counts: BTreeMap<u32, Counts>,
    /// The kinds that a person paused.
    pub pauses: BTreeMap<u32, Pause>,
    /// When the first stored session of each kind is due.
    pub heads: BTreeMap<u32, Due>,
    /// What is remembered of sessions that are gone.
    pub remembered: Remembered,
}

/// How many sessions of one kind are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Held by clients.
    pub active: u64,
    /// Waiting to be repeated.
    pub stored: u64,
    /// Held by runs.
    pub repeating: u64,
    /// Waiting for a person.
    pub parked: u64,
}
