//! What a failed try says about the operation.
//!
//! | the host, or the transport, said | verdict |
//! |---|---|
//! | no connection could be made | not applied: nothing was sent |
//! | `RESOURCE_EXHAUSTED` with a `RetryInfo` (reason `OVERLOADED`) | not applied, come back later |
//! | `UNAVAILABLE` with reason `SHUTTING_DOWN` | not applied, come back later |
//! | `UNAVAILABLE` otherwise (`STORE_FAILED` too), `UNKNOWN`, `INTERNAL`, `CANCELLED`, `DEADLINE_EXCEEDED`, `ABORTED` | unknown |
//! | anything else | refused, for good |
//!
//! A broken connection shows as one of the codes of the last row but one, whichever the transport makes of it: what is
//! not plainly the host's word about this operation leaves it unknown.

use std::time::Duration;

use mpy6a_proto::ERROR_DOMAIN;
use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt as _;

use crate::{
    error::{Error, TooLarge},
    index::Index,
};

/// What a failed try says about the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host refused it and will refuse it again. Nothing was applied by this try.
    Refused(Refusal),
    /// Nothing was applied by this try; another one may succeed.
    NotApplied {
        /// Whether the host had no room.
        overloaded: bool,
        /// When the host asked to be tried again.
        after: Option<Duration>,
    },
    /// It may have been applied or not.
    Unknown,
}

/// The host's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason of its `ErrorInfo`, or the name of the gRPC code.
    pub reason: String,
    /// Its words.
    pub message: String,
    /// The limit that was passed, where it is about one.
    pub limit: Option<u64>,
}

impl Verdict {
    /// Judge a failed try.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        if status.code() == Code::Unavailable && never_connected(status) {
            return Self::NotApplied { overloaded: false, after: None };
        }
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == ERROR_DOMAIN);
        let after = details.retry_info().and_then(|retry| retry.retry_delay);
        match (status.code(), info.map(|info| info.reason.as_str())) {
            (Code::ResourceExhausted, _) if after.is_some() => Self::NotApplied { overloaded: true, after },
            (Code::Unavailable, Some("SHUTTING_DOWN")) => Self::NotApplied { overloaded: false, after },
            (
                Code::Unavailable
                | Code::Unknown
                | Code::Internal
                | Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted,
                _,
            ) => Self::Unknown,
            (code, reason) => Self::Refused(Refusal {
                reason: reason.map_or_else(|| format!("{code:?}"), str::to_owned),
                message: status.message().to_owned(),
                limit: info.and_then(|info| info.metadata.get("limit")?.parse().ok()),
            }),
        }
    }
}

impl Refusal {
    /// What the caller is told.
    #[must_use]
    pub fn into_error(self, session: Index) -> Error {
        let too_large = |what| (what, self.limit);
        let (what, limit) = match self.reason.as_str() {
            "LEASE_LOST" => return Error::LeaseLost { session },
            "SESSION_FINISHED" => return Error::Finished { session },
            "SESSION_NOT_FOUND" => return Error::NotFound { session },
            "RECORD_TOO_LARGE" => too_large(TooLarge::Record),
            "SESSION_TOO_LARGE" => too_large(TooLarge::Session),
            "SESSION_TOO_MANY_RECORDS" => too_large(TooLarge::Records),
            _ => return Error::Rejected { reason: self.reason, message: self.message },
        };
        Error::TooLarge { what, limit, message: self.message }
    }
}

/// Whether the transport could not connect, so that nothing was sent.
fn never_connected(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    const SESSION: Index = Index { term: 1, index: 2 };

    fn status(code: Code, reason: &str, retry: Option<Duration>) -> Status {
        let metadata = HashMap::from([("limit".to_owned(), "1024".to_owned())]);
        let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata);
        if retry.is_some() {
            details.set_retry_info(retry);
        }
        Status::with_error_details(code, "words", details)
    }

    fn refused(code: Code, reason: &str) -> Error {
        match Verdict::of(&status(code, reason, None)) {
            Verdict::Refused(refusal) => refusal.into_error(SESSION),
            other => panic!("{reason}: {other:?}"),
        }
    }

    #[test]
    fn waits_where_the_host_says_that_waiting_helps() {
        let after = Some(Duration::from_millis(70));
        assert_eq!(
            Verdict::of(&status(Code::ResourceExhausted, "OVERLOADED", after)),
            Verdict::NotApplied { overloaded: true, after }
        );
        assert_eq!(
            Verdict::of(&status(Code::Unavailable, "SHUTTING_DOWN", after)),
            Verdict::NotApplied { overloaded: false, after }
        );
    }

    #[test]
    fn what_is_not_the_hosts_word_leaves_the_outcome_unknown() {
        for code in
            [Code::Unavailable, Code::Unknown, Code::Internal, Code::Cancelled, Code::DeadlineExceeded, Code::Aborted]
        {
            assert_eq!(Verdict::of(&Status::new(code, "connection reset")), Verdict::Unknown, "{code:?}");
        }
        assert_eq!(Verdict::of(&status(Code::Unavailable, "STORE_FAILED", None)), Verdict::Unknown);
    }

    #[test]
    fn every_final_reason_has_the_error_that_says_what_to_do() {
        let failed = Code::FailedPrecondition;
        assert!(matches!(refused(failed, "LEASE_LOST"), Error::LeaseLost { session: SESSION }));
        assert!(matches!(refused(failed, "SESSION_FINISHED"), Error::Finished { session: SESSION }));
        assert!(matches!(refused(Code::NotFound, "SESSION_NOT_FOUND"), Error::NotFound { session: SESSION }));
        for (reason, kind) in [
            ("RECORD_TOO_LARGE", TooLarge::Record),
            ("SESSION_TOO_LARGE", TooLarge::Session),
            ("SESSION_TOO_MANY_RECORDS", TooLarge::Records),
        ] {
            let error = refused(Code::ResourceExhausted, reason);
            assert!(matches!(error, Error::TooLarge { what, limit: Some(1024), .. } if what == kind), "{error:?}");
        }
        for reason in ["KIND_UNKNOWN", "KEY_WRONG", "OPERATION_NUMBER_STALE", "REQUEST_INVALID"] {
            let error = refused(Code::InvalidArgument, reason);
            assert!(matches!(&error, Error::Rejected { reason: told, .. } if told == reason), "{error:?}");
        }
    }

    #[test]
    fn a_peer_without_error_info_is_quoted_by_its_code() {
        let verdict = Verdict::of(&Status::unimplemented("what?"));
        assert!(matches!(verdict, Verdict::Refused(Refusal { reason, .. }) if reason == "Unimplemented"));
    }

    #[test]
    fn the_reasons_of_another_domain_are_not_taken_for_the_hosts() {
        let details = ErrorDetails::with_error_info("LEASE_LOST", "proxy.example", HashMap::new());
        let verdict = Verdict::of(&Status::with_error_details(Code::FailedPrecondition, "", details));
        assert!(matches!(verdict, Verdict::Refused(Refusal { reason, .. }) if reason == "FailedPrecondition"));
    }
}
