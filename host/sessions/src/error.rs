//! What an operation can answer instead of its result.
//!
//! [`Refusal`] is the state machine's own word: the operation was looked at and nothing of it was applied. [`Error`] adds
//! what can happen around it. The one place that maps both to the wire is the server's.

use std::time::Duration;

use crate::{ids::Index, session::StateName};

/// Why the rules refused an operation. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The config names no such kind.
    #[error("no kind {0} in this host's config: add a [[kind]] with this id, or correct the number")]
    KindUnknown(u32),
    /// No such session: it was deleted, or never was.
    #[error("no session {0}: it was finished, or this host's store never had it; stop this work, or check id and key")]
    SessionNotFound(Index),
    /// The session's own operator deleted or stored it.
    #[error("session {0} was deleted or stored by its operator: it takes no more operations; open a new one")]
    SessionFinished(Index),
    /// The client's lease ended, and the host has taken the session since.
    #[error("the lease on session {0} ended and the host took it to repeat it: stop this work, its handler goes on")]
    LeaseLost(Index),
    /// A person asked for what is not done in this state.
    #[error("session {id} is {state}, and {remedy}")]
    WrongState {
        /// The session.
        id: Index,
        /// Its state.
        state: StateName,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A person asked for something, but only if the session had not changed.
    #[error("session {0} changed since it was looked at: look at it again, and decide anew")]
    SessionChanged(Index),
    /// The key is not the session's.
    #[error("wrong key for session {0}: use the handle that New answered")]
    KeyWrong(Index),
    /// The record is too long.
    #[error(
        "a record of {bytes} bytes is over the limit of {max}: keep large payloads elsewhere and record their name"
    )]
    RecordTooLarge {
        /// Its length.
        bytes: u64,
        /// The limit, in bytes.
        max: u64,
    },
    /// With this record the session would be too large.
    #[error("the session would grow to {bytes} bytes, over the limit of {max}: use Replace to drop records done with")]
    SessionTooLarge {
        /// What it would grow to.
        bytes: u64,
        /// The limit, in bytes.
        max: u64,
    },
    /// The session has as many records as it may.
    #[error("the session has {max} records already, the most allowed: use Replace to drop records done with")]
    TooManyRecords {
        /// The limit, a count.
        max: u32,
    },
    /// The timeout is too long.
    #[error("a timeout of {timeout_s} s is over the limit of {max_s} s: ask for a shorter one")]
    TimeoutTooLong {
        /// What was asked, in seconds.
        timeout_s: u32,
        /// The limit, in seconds.
        max_s: u32,
    },
    /// The operation number was used for another operation.
    #[error("operation number {number} was used for another operation: take a larger one for each new operation")]
    NumberReused {
        /// The number.
        number: u64,
    },
    /// The operation number is smaller than one already applied.
    #[error("operation number {number} is behind {last}, the last one applied: take a larger one")]
    NumberStale {
        /// What was given.
        number: u64,
        /// The last one applied.
        last: u64,
    },
    /// The request id, or the client's number for the request, was used for another `New`.
    #[error(
        "this request id or number was used for another New: take a fresh one, a UUID for example, or the next number"
    )]
    RequestIdReused,
    /// The client said that it would not ask for this request again, and asks for it.
    #[error(
        "request {number} is below {settled_below}, below which this client said that it has every answer, or so much came since that \
         this one is forgotten: take the next number"
    )]
    RequestSettled {
        /// The request's number.
        number: u64,
        /// What the client said.
        settled_below: u64,
    },
    /// The local number names an open session of this stream.
    #[error("local number {0} names an open session of this stream: take another, or finish that session first")]
    LocalInUse(u64),
    /// The local number names no open session of this stream.
    #[error(
        "no session is open on this stream under local number {0}: its New was refused, or it was deleted or stored; a \
         session from elsewhere is named by its handle"
    )]
    LocalNotOpen(u64),
    /// So many sessions of this stream are open that it takes no more.
    #[error(
        "{max} sessions are open on this stream, the most allowed: finish some, use another stream, or the unary New"
    )]
    StreamFull {
        /// The limit, a count.
        max: usize,
    },
    /// The traceparent is none.
    #[error(
        "the traceparent is not of the W3C form: send one such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, or none"
    )]
    TraceparentInvalid,
    /// A request id, a traceparent or a list is longer than it may be.
    #[error("{what} is longer than {max}: shorten it")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its limit, in the unit of the thing.
        max: usize,
    },
}

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The rules refused it. Nothing was applied; asking again brings the same answer.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The writer's queue is full. Nothing was applied; ask again after this long.
    #[error("the host is overloaded: try again in {} ms", .0.as_millis())]
    Overloaded(Duration),
    /// The host is shutting down. Nothing was applied.
    #[error("the host is shutting down: try again when it is back")]
    ShuttingDown,
    /// The store failed, and everything is refused from now on. Whether this operation was applied shows after a restart.
    #[error("the store failed and this host serves no more: mend the disk, restart it and try again")]
    StoreFailed,
}
