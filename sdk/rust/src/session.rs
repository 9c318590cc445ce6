//! Why the host refuses an operation on the session.

use std::fmt;

use crate::Failure;

/// An operation was refused: nothing of it was applied, and the handler may go on.
///
/// Left to `?` it becomes [`Failure::Permanent`]: the same handler would ask for the same in every repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The session was already deleted or stored in this run: it takes no more operations.
    Finished,
    /// The record is longer than the host's limit, given in bytes.
    RecordTooLarge(u64),
    /// With this record the session would outgrow the host's limit, given in bytes.
    SessionTooLarge(u64),
    /// The session has as many records as the host allows, given as a count.
    TooManyRecords(u64),
    /// The timeout is longer than the host's limit, given in seconds.
    TimeoutTooLong(u64),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => write!(f, "the session was already deleted or stored in this run: do that last"),
            Self::RecordTooLarge(limit) => {
                write!(f, "the record is over the host's limit of {limit} bytes: keep large data elsewhere")
            }
            Self::SessionTooLarge(limit) => {
                write!(f, "the session would outgrow the host's limit of {limit} bytes: replace records, do not append")
            }
            Self::TooManyRecords(limit) => {
                write!(f, "the session has {limit} records, the host's limit: replace records, do not append")
            }
            Self::TimeoutTooLong(limit) => {
                write!(f, "the timeout is over the host's limit of {limit} s: store for less, and again")
            }
        }
    }
}

impl std::error::Error for SessionError {}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::permanent(error)
    }
}
