//! What can go wrong, by what the caller does next.
//!
//! The host's reasons become these in [`Refusal::into_error`](crate::call::Refusal::into_error), and nowhere else.

use std::time::Duration;

use crate::index::Index;

/// What lies beneath an error: the transport's own words.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation has no result. The variants are told apart by what the caller does next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// **Stop this work.** The lease ended and the host took the session: its repeat handler goes on with it.
    #[error(
        "the lease on session {session} ended and the host took it: stop this work, its repeat handler goes on with it"
    )]
    LeaseLost {
        /// The session.
        session: Index,
    },
    /// **Stop effects outside for now.** By this client's clock the lease is over and the host could not be reached, so
    /// it may take the session at any moment. The next operation that succeeds shows that it did not, and the work may
    /// go on.
    #[error(
        "the lease on session {session} is over by this client's clock: do nothing outside until an operation on the \
         session succeeds, or drop it and leave the work to its repeat handler"
    )]
    LeaseExpired {
        /// The session.
        session: Index,
        /// How the host could not be reached, where an operation was tried.
        source: Option<Cause>,
    },
    /// **Call the same again, or drop the session.** The host gave no answer in time, and the lease still holds.
    #[error(
        "no answer from the host in {tries} tries within {elapsed:?}; the operation {}: call the same again, or drop \
         the session and leave the work to its repeat handler",
        if *.maybe_applied { "may have been applied or not" } else { "was not applied" }
    )]
    Unavailable {
        /// How often it was tried.
        tries: u32,
        /// How long that took.
        elapsed: Duration,
        /// Whether one of the tries may have been applied. If not, none was.
        maybe_applied: bool,
        /// How the last try failed.
        source: Cause,
    },
    /// **Slow down.** The host refused the operation for want of room in its queue, until the time was up. Nothing of
    /// it was applied.
    #[error(
        "the host is overloaded and refused {tries} tries within {elapsed:?}; nothing was applied: send less at once"
    )]
    Overloaded {
        /// How often it was tried.
        tries: u32,
        /// How long that took.
        elapsed: Duration,
    },
    /// **Open a new session.** This one was deleted or stored by its operator and takes no more operations.
    #[error("session {session} was deleted or stored: it takes no more operations; open a new one")]
    Finished {
        /// The session.
        session: Index,
    },
    /// **Stop this work.** The host does not know the session: it was finished long ago, perhaps by its repeat handler.
    #[error(
        "the host knows no session {session}: its repeat handler has finished it, or the host's store is another one; stop \
         this work"
    )]
    NotFound {
        /// The session.
        session: Index,
    },
    /// **Record less.** Nothing was applied and the session goes on.
    #[error("{message}")]
    TooLarge {
        /// Which limit would be passed.
        what: TooLarge,
        /// The limit, in the unit of [`TooLarge`], where the host said.
        limit: Option<u64>,
        /// The host's words, which name the remedy.
        message: String,
    },
    /// **Mend the program or the host's config.** The host will not take this request however often it is sent. Nothing
    /// was applied.
    #[error("refused ({reason}): {message}")]
    Rejected {
        /// The host's reason, such as `KIND_UNKNOWN` or `TIMEOUT_TOO_LONG`; for a peer that gave none, its gRPC code.
        reason: String,
        /// The host's words.
        message: String,
    },
    /// **Mend the call.** A client could not be made as asked; nothing was sent.
    #[error("cannot make a client: {0}")]
    Setup(String),
}

/// What would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TooLarge {
    /// One record, in bytes.
    Record,
    /// All records of the session together, in bytes.
    Session,
    /// The number of the session's records.
    Records,
}

impl Error {
    /// Whether the session can never be used again: another operation on it would be refused as well. Drop it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::LeaseLost { .. } | Self::Finished { .. } | Self::NotFound { .. } => true,
            Self::Rejected { reason, .. } => reason == "KEY_WRONG",
            _ => false,
        }
    }
}
