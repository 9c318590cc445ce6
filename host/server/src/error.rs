//! The one place that maps refusals and errors to the wire.
//!
//! Each has a standard gRPC code, and a `google.rpc.ErrorInfo` of domain `mpy6a` whose reason a program can match on
//! and whose metadata has the numbers; where waiting helps, a `google.rpc.RetryInfo` says how long.
//! `docs/protocol.md` lists the reasons: they are part of the wire and never change their meaning.
//!
//! A wrong key is told as a session that is not there, word for word: whether a session exists is for those who have its key, or may
//! read everything.

use std::{collections::HashMap, time::Duration};

use mpy6a_proto::{ERROR_DOMAIN, v1};
use mpy6a_sessions::{Error, Refusal};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::limits::SHUTDOWN_RETRY;

/// What the wire says of an error: code, reason, and the numbers in it.
type Mapped = (Code, &'static str, Vec<(&'static str, String)>);

/// The status for an error.
#[must_use]
pub fn status(error: &Error) -> Status {
    let (code, reason, numbers) = map(error);
    build(code, reason, numbers, retry(error), &words(error))
}

/// The same inside an answer that carries several outcomes.
#[must_use]
pub fn refused(error: &Error) -> v1::Refused {
    let (code, reason, numbers) = map(error);
    refusal(code, reason, numbers, retry(error), words(error))
}

/// Its words.
fn words(error: &Error) -> String {
    match error {
        Error::Refused(Refusal::KeyWrong(id)) => Refusal::SessionNotFound(*id).to_string(),
        other => other.to_string(),
    }
}

/// [`invalid`], inside an answer that carries several outcomes.
#[must_use]
pub fn invalid_operation(what: &str) -> v1::Refused {
    refusal(Code::InvalidArgument, REQUEST_INVALID, Vec::new(), None, what.to_owned())
}

/// Put a refusal inside an answer together from its parts.
pub(crate) fn refusal(
    code: Code,
    reason: &str,
    numbers: Vec<(&'static str, String)>,
    retry: Option<Duration>,
    message: String,
) -> v1::Refused {
    v1::Refused {
        reason: reason.to_owned(),
        message,
        code: code.into(),
        metadata: numbers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        retry_ms: retry.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// How long to wait before trying again, where that helps.
fn retry(error: &Error) -> Option<Duration> {
    match error {
        Error::Overloaded(after) => Some(*after),
        Error::ShuttingDown => Some(SHUTDOWN_RETRY),
        Error::Refused(_) | Error::StoreFailed => None,
    }
}

/// The status for a request that says too little, or nonsense: `what` names the field and the remedy.
#[must_use]
pub fn invalid(what: &str) -> Status {
    build(Code::InvalidArgument, REQUEST_INVALID, Vec::new(), None, what)
}

/// The reason for a request that says too little, or nonsense.
pub const REQUEST_INVALID: &str = "REQUEST_INVALID";
/// The reason for a record, or a message, that is too long.
pub const RECORD_TOO_LARGE: &str = "RECORD_TOO_LARGE";

/// The reason while the host stops.
pub const SHUTTING_DOWN: &str = "SHUTTING_DOWN";

/// Put a status together from its parts.
pub(crate) fn build(
    code: Code,
    reason: &'static str,
    numbers: Vec<(&'static str, String)>,
    retry: Option<Duration>,
    message: &str,
) -> Status {
    let metadata: HashMap<String, String> = numbers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata);
    if let Some(after) = retry {
        details.set_retry_info(Some(after));
    }
    Status::with_error_details(code, message, details)
}

/// Every reason there is.
pub const REASONS: [&str; 21] = [
    "KIND_UNKNOWN",
    "SESSION_NOT_FOUND",
    "SESSION_FINISHED",
    "LEASE_LOST",
    "SESSION_STATE",
    "SESSION_CHANGED",
    RECORD_TOO_LARGE,
    "SESSION_TOO_LARGE",
    "SESSION_TOO_MANY_RECORDS",
    "TIMEOUT_TOO_LONG",
    "OPERATION_NUMBER_REUSED",
    "OPERATION_NUMBER_STALE",
    "REQUEST_ID_REUSED",
    "REQUEST_SETTLED",
    "LOCAL_IN_USE",
    "LOCAL_NOT_OPEN",
    "STREAM_FULL",
    REQUEST_INVALID,
    "OVERLOADED",
    SHUTTING_DOWN,
    "STORE_FAILED",
];

/// The reason of an error, as on the wire.
#[must_use]
pub fn reason(error: &Error) -> &'static str {
    map(error).1
}

fn map(error: &Error) -> Mapped {
    match error {
        Error::Refused(refusal) => map_refusal(refusal),
        Error::Overloaded(_) => (Code::ResourceExhausted, "OVERLOADED", vec![]),
        Error::ShuttingDown => (Code::Unavailable, SHUTTING_DOWN, vec![]),
        Error::StoreFailed => (Code::Unavailable, "STORE_FAILED", vec![]),
    }
}

fn map_refusal(refusal: &Refusal) -> Mapped {
    let session = |id: &mpy6a_sessions::Index| vec![("session", id.to_string())];
    match refusal {
        Refusal::KindUnknown(kind) => (Code::NotFound, "KIND_UNKNOWN", vec![("kind", kind.to_string())]),
        Refusal::SessionNotFound(id) | Refusal::KeyWrong(id) => (Code::NotFound, "SESSION_NOT_FOUND", session(id)),
        Refusal::SessionFinished(id) => (Code::FailedPrecondition, "SESSION_FINISHED", session(id)),
        Refusal::LeaseLost(id) => (Code::FailedPrecondition, "LEASE_LOST", session(id)),
        Refusal::WrongState { id, state, .. } => {
            let numbers = vec![("session", id.to_string()), ("state", state.to_string())];
            (Code::FailedPrecondition, "SESSION_STATE", numbers)
        }
        Refusal::SessionChanged(id) => (Code::Aborted, "SESSION_CHANGED", session(id)),
        Refusal::RecordTooLarge { bytes, max } => {
            (Code::ResourceExhausted, RECORD_TOO_LARGE, vec![("bytes", bytes.to_string()), ("limit", max.to_string())])
        }
        Refusal::SessionTooLarge { bytes, max } => (
            Code::ResourceExhausted,
            "SESSION_TOO_LARGE",
            vec![("bytes", bytes.to_string()), ("limit", max.to_string())],
        ),
        Refusal::TooManyRecords { max } => {
            (Code::ResourceExhausted, "SESSION_TOO_MANY_RECORDS", vec![("limit", max.to_string())])
        }
        Refusal::TimeoutTooLong { timeout_s, max_s } => {
            let numbers = vec![("timeout_s", timeout_s.to_string()), ("limit", max_s.to_string())];
            (Code::InvalidArgument, "TIMEOUT_TOO_LONG", numbers)
        }
        Refusal::NumberReused { number } => {
            (Code::FailedPrecondition, "OPERATION_NUMBER_REUSED", vec![("number", number.to_string())])
        }
        Refusal::NumberStale { number, last } => {
            let numbers = vec![("number", number.to_string()), ("last", last.to_string())];
            (Code::FailedPrecondition, "OPERATION_NUMBER_STALE", numbers)
        }
        Refusal::RequestIdReused => (Code::FailedPrecondition, "REQUEST_ID_REUSED", vec![]),
        Refusal::RequestSettled { number, settled_below } => {
            let numbers = vec![("number", number.to_string()), ("settled_below", settled_below.to_string())];
            (Code::FailedPrecondition, "REQUEST_SETTLED", numbers)
        }
        Refusal::LocalInUse(local) => (Code::AlreadyExists, "LOCAL_IN_USE", vec![("local", local.to_string())]),
        Refusal::LocalNotOpen(local) => {
            (Code::FailedPrecondition, "LOCAL_NOT_OPEN", vec![("local", local.to_string())])
        }
        Refusal::StreamFull { max } => (Code::ResourceExhausted, "STREAM_FULL", vec![("limit", max.to_string())]),
        Refusal::TraceparentInvalid => (Code::InvalidArgument, REQUEST_INVALID, vec![]),
        Refusal::TooLong { max, .. } => (Code::InvalidArgument, REQUEST_INVALID, vec![("limit", max.to_string())]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use mpy6a_sessions::{Index, StateName};

    use super::*;

    const ID: Index = Index { term: 3, index: 1042 };

    /// An error, and what the wire says of it: code, reason, metadata.
    type Row = (Error, Code, &'static str, &'static [(&'static str, &'static str)]);

    /// Every error there is, with the code, reason and metadata that the protocol promises. The compiler keeps the
    /// mapping complete; this table keeps it from changing.
    fn all() -> Vec<Row> {
        use Code::{
            Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted, Unavailable,
        };
        let refused = Error::Refused;
        let wait = Duration::from_millis(250);
        vec![
            (refused(Refusal::KindUnknown(9)), NotFound, "KIND_UNKNOWN", &[("kind", "9")]),
            (refused(Refusal::SessionNotFound(ID)), NotFound, "SESSION_NOT_FOUND", &[("session", "3-1042")]),
            (refused(Refusal::SessionFinished(ID)), FailedPrecondition, "SESSION_FINISHED", &[("session", "3-1042")]),
            (refused(Refusal::LeaseLost(ID)), FailedPrecondition, "LEASE_LOST", &[("session", "3-1042")]),
            (
                refused(Refusal::WrongState { id: ID, state: StateName::Active, remedy: "x" }),
                FailedPrecondition,
                "SESSION_STATE",
                &[("session", "3-1042"), ("state", "active")],
            ),
            (refused(Refusal::SessionChanged(ID)), Aborted, "SESSION_CHANGED", &[("session", "3-1042")]),
            (refused(Refusal::KeyWrong(ID)), NotFound, "SESSION_NOT_FOUND", &[("session", "3-1042")]),
            (
                refused(Refusal::RecordTooLarge { bytes: 11, max: 10 }),
                ResourceExhausted,
                "RECORD_TOO_LARGE",
                &[("bytes", "11"), ("limit", "10")],
            ),
            (
                refused(Refusal::SessionTooLarge { bytes: 21, max: 20 }),
                ResourceExhausted,
                "SESSION_TOO_LARGE",
                &[("bytes", "21"), ("limit", "20")],
            ),
            (
                refused(Refusal::TooManyRecords { max: 5 }),
                ResourceExhausted,
                "SESSION_TOO_MANY_RECORDS",
                &[("limit", "5")],
            ),
            (
                refused(Refusal::TimeoutTooLong { timeout_s: 8, max_s: 7 }),
                InvalidArgument,
                "TIMEOUT_TOO_LONG",
                &[("timeout_s", "8"), ("limit", "7")],
            ),
            (
                refused(Refusal::NumberReused { number: 4 }),
                FailedPrecondition,
                "OPERATION_NUMBER_REUSED",
                &[("number", "4")],
            ),
            (
                refused(Refusal::NumberStale { number: 3, last: 4 }),
                FailedPrecondition,
                "OPERATION_NUMBER_STALE",
                &[("number", "3"), ("last", "4")],
            ),
            (refused(Refusal::RequestIdReused), FailedPrecondition, "REQUEST_ID_REUSED", &[]),
            (
                refused(Refusal::RequestSettled { number: 3, settled_below: 4 }),
                FailedPrecondition,
                "REQUEST_SETTLED",
                &[("number", "3"), ("settled_below", "4")],
            ),
            (refused(Refusal::LocalInUse(5)), AlreadyExists, "LOCAL_IN_USE", &[("local", "5")]),
            (refused(Refusal::LocalNotOpen(5)), FailedPrecondition, "LOCAL_NOT_OPEN", &[("local", "5")]),
            (refused(Refusal::StreamFull { max: 8 }), ResourceExhausted, "STREAM_FULL", &[("limit", "8")]),
            (refused(Refusal::TraceparentInvalid), InvalidArgument, "REQUEST_INVALID", &[]),
            (refused(Refusal::TooLong { what: "x", max: 6 }), InvalidArgument, "REQUEST_INVALID", &[("limit", "6")]),
            (Error::Overloaded(wait), ResourceExhausted, "OVERLOADED", &[]),
            (Error::ShuttingDown, Unavailable, "SHUTTING_DOWN", &[]),
            (Error::StoreFailed, Unavailable, "STORE_FAILED", &[]),
        ]
    }

    #[test]
    fn every_error_has_its_code_reason_and_numbers_on_the_wire() {
        for (error, code, reason, numbers) in all() {
            let status = status(&error);
            assert_eq!(status.code(), code, "{error}");
            if error != Refusal::KeyWrong(ID).into() {
                assert_eq!(status.message(), error.to_string());
            }
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.domain.as_str(), info.reason.as_str()), ("mpy6a", reason));
            let numbers: HashMap<_, _> = numbers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(info.metadata, numbers, "{error}");
        }
    }

    #[test]
    fn a_wrong_key_is_told_as_no_session_to_the_letter() {
        let [wrong, missing] = [Refusal::KeyWrong(ID), Refusal::SessionNotFound(ID)].map(Error::from);
        assert_eq!(format!("{:?}", status(&wrong)), format!("{:?}", status(&missing)));
        assert_eq!(refused(&wrong), refused(&missing));
    }

    #[test]
    fn every_reason_is_listed_once() {
        let mut listed = REASONS.to_vec();
        listed.sort_unstable();
        let mut reasons: Vec<&str> = all().iter().map(|(error, ..)| reason(error)).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(listed, reasons);
    }

    #[test]
    fn retry_info_is_there_where_waiting_helps_and_nowhere_else() {
        for (error, ..) in all() {
            let retry = status(&error).get_details_retry_info().and_then(|info| info.retry_delay);
            let expected = match error {
                Error::Overloaded(after) => Some(after),
                Error::ShuttingDown => Some(SHUTDOWN_RETRY),
                _ => None,
            };
            assert_eq!(retry, expected, "{error}");
        }
    }

    #[test]
    fn a_refusal_inside_an_answer_says_what_the_status_says() {
        for (error, ..) in all() {
            let (status, refused) = (status(&error), refused(&error));
            let info = status.get_details_error_info().unwrap();
            assert_eq!((Code::from(refused.code), refused.message.as_str()), (status.code(), status.message()));
            assert_eq!((refused.reason, refused.metadata), (info.reason, info.metadata));
            let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
            assert_eq!(refused.retry_ms.map(Duration::from_millis), retry);
        }
    }
}
