//! Errors, by what the caller does next.
//!
//! The host's reasons become these in [`Refusal::into_error`](crate::call::Refusal::into_error), and nowhere else.

use std::time::Duration;

use crate::index::Index;

/// The root cause of an error, in words. Its own `source` is the status as the transport made it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation has no result. The variants are told apart by what the caller does next.
///
/// Each says whether the operation may have been applied all the same: [`Error::maybe_applied`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// **Stop this work.** The lease ended and the host took the session: its repeat handler goes on with it.
    #[error(
        "the lease on session {session} ended and the host took it: stop this work, its repeat handler goes on with it{}",
        opened(*.opening, *.maybe_applied)
    )]
    #[non_exhaustive]
    LeaseLost {
        /// The session.
        session: Index,
        /// Whether the operation may have been applied before.
        maybe_applied: bool,
        /// Whether an [`Opening`](crate::Opening) was called again, and an earlier try of it had opened the session. Then it was
        /// applied, first record and all.
        opening: bool,
    },
    /// **Stop effects outside for now.** By this client's clock the lease is over and the host could not be reached, so
    /// it may take the session at any moment. The next operation that succeeds shows that it did not, and the work may
    /// go on.
    #[error(
        "the lease on session {session} is over by this client's clock{}: do nothing outside until an operation on the \
         session succeeds, or drop it and leave the work to its repeat handler{}",
        because(.source),
        applied(*.maybe_applied)
    )]
    #[non_exhaustive]
    LeaseExpired {
        /// The session.
        session: Index,
        /// Whether one of the tries may have been applied. If not, none was.
        maybe_applied: bool,
        /// How the host could not be reached, where an operation was tried.
        source: Option<Cause>,
    },
    /// **Call the same again, or drop the session.** The host gave no answer in time, and the lease still holds.
    ///
    /// For a session to be opened, *the same* is `open` of the same [`Opening`](crate::Opening).
    #[error(
        "no answer from {host} in {tries} {} within {elapsed:?}: {source}; {}",
        if *.tries == 1 { "try" } else { "tries" },
        remedy(*.session, *.maybe_applied)
    )]
    #[non_exhaustive]
    Unavailable {
        /// The session; none where it was to be opened.
        session: Option<Index>,
        /// The host's URL.
        host: String,
        /// How often it was tried.
        tries: u32,
        /// How long that took.
        elapsed: Duration,
        /// Whether one of the tries may have been applied. If not, none was.
        maybe_applied: bool,
        /// Root cause of the last failure.
        source: Cause,
    },
    /// **Slow down.** There was no room for the operation: in the host's queue until the time was up, or, after no try,
    /// in this client ([`Builder::waiting_max`](crate::Builder::waiting_max)). Nothing of it was applied.
    #[error("{}; nothing was applied: send less at once", overloaded(*.tries, *.elapsed))]
    #[non_exhaustive]
    Overloaded {
        /// How often it was tried. 0: the client had no room, and nothing was sent.
        tries: u32,
        /// How long that took.
        elapsed: Duration,
    },
    /// **Open a new session.** This one was deleted or stored by its operator and takes no more operations.
    #[error(
        "session {session} was deleted or stored: it takes no more operations; open a new one{}",
        opened(*.opening, *.maybe_applied)
    )]
    #[non_exhaustive]
    Finished {
        /// The session.
        session: Index,
        /// Whether the operation may have been applied before.
        maybe_applied: bool,
        /// Whether an [`Opening`](crate::Opening) was called again, and an earlier try of it had opened the session. Then it was
        /// applied, first record and all.
        opening: bool,
    },
    /// **Stop this work.** The host does not know the session, or knows it by another key: it was finished long ago, perhaps
    /// by its repeat handler, or the host's store is another one.
    #[error(
        "the host knows no session {session} of this client: its repeat handler has finished it, or the host's store is \
         another one; stop this work{}",
        opened(*.opening, *.maybe_applied)
    )]
    #[non_exhaustive]
    NotFound {
        /// The session.
        session: Index,
        /// Whether the operation may have been applied before.
        maybe_applied: bool,
        /// Whether an [`Opening`](crate::Opening) was called again, and an earlier try of it had opened the session. Then it was
        /// applied, first record and all.
        opening: bool,
    },
    /// **Record less.** The session goes on.
    #[error("{message}{}", applied(*.maybe_applied))]
    #[non_exhaustive]
    TooLarge {
        /// Which limit would be passed.
        what: TooLarge,
        /// The limit, in the unit of [`TooLarge`], where the host said.
        limit: Option<u64>,
        /// The host's words, which name the remedy.
        message: String,
        /// Whether an earlier try may have been applied. If not, none was.
        maybe_applied: bool,
    },
    /// **Mend the program, the host's config, or what stands between them.** This request will not be taken as it is.
    #[error("refused ({reason}): {message}{}", applied(*.maybe_applied))]
    #[non_exhaustive]
    Rejected {
        /// The host's reason, such as `KIND_UNKNOWN` or `TIMEOUT_TOO_LONG`; for a peer that gave none, its gRPC code;
        /// `NOT_GRPC` for an answer that is none of gRPC's.
        reason: String,
        /// The host's words.
        message: String,
        /// Whether a try may have been applied. If not, none was.
        maybe_applied: bool,
    },
    /// **Mend the address or the certificates.** No connection to the host can ever be made as this client was told to:
    /// its certificate is not trusted, or the other side speaks another protocol.
    #[error("no connection to {host} can be made: {source}{}", applied(*.maybe_applied))]
    #[non_exhaustive]
    Unreachable {
        /// The host's URL.
        host: String,
        /// Whether an earlier try may have been applied, when the host could still be reached. If not, none was.
        maybe_applied: bool,
        /// The root cause, with the remedy.
        source: Cause,
    },
    /// **Make the client on a runtime that lives as long as it does.** The tokio runtime on which this client was made has
    /// ended, and its connection and its renewals with it.
    #[error(
        "the tokio runtime on which this client was made has ended: make the client on one that lives as long as the \
         client{}",
        applied(*.maybe_applied)
    )]
    #[non_exhaustive]
    RuntimeEnded {
        /// Whether a try may have been applied before that. If not, none was.
        maybe_applied: bool,
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
        matches!(self, Self::LeaseLost { .. } | Self::Finished { .. } | Self::NotFound { .. })
    }

    /// Whether the operation may have been applied although it failed. `false`: it was not, and never will be by a try that
    /// was made. `true`: it is not known; where the session still lives, calling the same again finds out and applies it
    /// once in all.
    ///
    /// Always `false` where no operation was tried, as by [`Session::check_lease`](crate::Session::check_lease).
    #[must_use]
    pub fn maybe_applied(&self) -> bool {
        match self {
            Self::LeaseLost { maybe_applied, .. }
            | Self::LeaseExpired { maybe_applied, .. }
            | Self::Unavailable { maybe_applied, .. }
            | Self::Finished { maybe_applied, .. }
            | Self::NotFound { maybe_applied, .. }
            | Self::TooLarge { maybe_applied, .. }
            | Self::Rejected { maybe_applied, .. }
            | Self::Unreachable { maybe_applied, .. }
            | Self::RuntimeEnded { maybe_applied } => *maybe_applied,
            Self::Overloaded { .. } | Self::Setup(_) => false,
        }
    }
}

/// End of a message: that the operation may have been applied.
fn applied(maybe_applied: bool) -> &'static str {
    if maybe_applied { "; the operation may have been applied" } else { "" }
}

/// The same, for a session that is over: `opening` says that it was opened before.
fn opened(opening: bool, maybe_applied: bool) -> &'static str {
    if opening {
        return "; an earlier try of this opening had opened it, with all that it recorded: only a new one opens another";
    }
    applied(maybe_applied)
}

fn because(source: &Option<Cause>) -> String {
    source.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default()
}

fn overloaded(tries: u32, elapsed: Duration) -> String {
    match tries {
        0 => "too many operations wait in this client already".to_owned(),
        _ => format!("the host is overloaded and refused {tries} tries within {elapsed:?}"),
    }
}

/// What to do after no answer.
fn remedy(session: Option<Index>, maybe_applied: bool) -> String {
    let known = if maybe_applied { "may have been applied or not" } else { "was not applied" };
    match session {
        Some(session) => format!(
            "the operation on session {session} {known}: call the same again, or drop the session and leave the work to its \
             repeat handler"
        ),
        None => {
            format!("the opening {known}: call `open` of the same `Opening` again (another opens a session of its own)")
        }
    }
}
