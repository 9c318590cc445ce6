//! What a failed try says about the operation.
//!
//! | the host, or the transport, said | verdict |
//! |---|---|
//! | no connection could be made | unreachable: nothing was sent |
//! | `OVERLOADED`, `SHUTTING_DOWN`, any `RESOURCE_EXHAUSTED` of the host with a `RetryInfo` | not applied by this try, come back later |
//! | any other reason of the host, but `STORE_FAILED` | refused: not applied by this try |
//! | `LEASE_LOST`, `SESSION_FINISHED`, `SESSION_TOO_LARGE`, `SESSION_TOO_MANY_RECORDS`, `OPERATION_NUMBER_REUSED` | refused: not applied by any try |
//! | without a reason of the host, a code that speaks of a fault on the way | unknown |
//! | without a reason of the host, any other code, or an answer that is not gRPC's | refused, but perhaps applied |
//!
//! *By any try* (not so for a `New`): the host looks for the operation's number among those it applied before it gives one of these reasons. The
//! others it gives before (access, limits, shutdown) or after it forgot (`SESSION_NOT_FOUND`): an earlier try whose answer was
//! lost may have been applied all the same.
//!
//! A *reason of the host* stands in an `ErrorInfo` of its domain. A proxy or a load balancer has none; its words are no proof
//! of anything.

use std::time::Duration;

use mpy6a_proto::ERROR_DOMAIN;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::cause::{self, Transport, printable};
use crate::{
    error::{Error, TooLarge},
    index::Index,
    lease::Word,
};

/// What a failed try says about the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Refused: another try now would be refused again.
    Refused(Refusal),
    /// Nothing was applied by this try; another one may succeed.
    NotApplied {
        /// Whether the host had no room.
        overloaded: bool,
        /// When the host asked to be tried again.
        after: Option<Duration>,
    },
    /// No connection could be made, so nothing was sent.
    Unreachable {
        /// Whether no other try can succeed: an untrusted certificate, another protocol.
        lasting: bool,
    },
    /// It may have been applied or not.
    Unknown,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason of its `ErrorInfo`, or the name of the gRPC code.
    pub reason: String,
    /// Its words.
    pub message: String,
    /// The limit that was passed, where it is about one.
    pub limit: Option<u64>,
    /// What it proves about the operation.
    pub proves: Proves,
    /// Whether the host said it, and not something before it.
    pub by_host: bool,
}

/// What a refusal proves about the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proves {
    /// Nothing: it is not the host's.
    Nothing,
    /// This try was not applied.
    Try,
    /// No try was applied.
    Operation,
}

/// Reasons that the host gives only after it has looked for the operation's number among those it applied.
const AFTER_THE_NUMBER: [&str; 5] =
    ["LEASE_LOST", "SESSION_FINISHED", "SESSION_TOO_LARGE", "SESSION_TOO_MANY_RECORDS", "OPERATION_NUMBER_REUSED"];

impl Verdict {
    /// Judge a failed try.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        match cause::transport(status) {
            Some(Transport::NotConnected { lasting }) => return Self::Unreachable { lasting },
            Some(Transport::NotGrpc { lasting: true }) => {
                return Self::Refused(Refusal {
                    reason: "NOT_GRPC".to_owned(),
                    message: printable(status.message()),
                    limit: None,
                    proves: Proves::Nothing,
                    by_host: false,
                });
            }
            Some(Transport::NotGrpc { lasting: false }) => return Self::Unknown,
            None => {}
        }
        let details = status.get_error_details();
        match details.error_info().filter(|info| info.domain == ERROR_DOMAIN) {
            Some(info) => {
                let after = details.retry_info().and_then(|retry| retry.retry_delay);
                let limit = info.metadata.get("limit").and_then(|limit| limit.parse().ok());
                Self::of_host(status, &info.reason, limit, after)
            }
            None => Self::of_another(status),
        }
    }

    /// What the host says.
    fn of_host(status: &Status, reason: &str, limit: Option<u64>, after: Option<Duration>) -> Self {
        match (reason, status.code()) {
            ("OVERLOADED", _) => Self::NotApplied { overloaded: true, after },
            // Another bound than those known here: waiting helps, says the host.
            (_, Code::ResourceExhausted) if after.is_some() => Self::NotApplied { overloaded: true, after },
            ("SHUTTING_DOWN", _) => Self::NotApplied { overloaded: false, after },
            ("STORE_FAILED", _) => Self::Unknown,
            (_, code) if is_fault_on_the_way(code) => Self::Unknown,
            _ => Self::Refused(Refusal {
                reason: printable(reason),
                message: printable(status.message()),
                limit,
                proves: if AFTER_THE_NUMBER.contains(&reason) { Proves::Operation } else { Proves::Try },
                by_host: true,
            }),
        }
    }

    /// What anything else says.
    fn of_another(status: &Status) -> Self {
        match status.code() {
            Code::ResourceExhausted => Self::Unknown,
            code if is_fault_on_the_way(code) => Self::Unknown,
            code => Self::Refused(Refusal {
                reason: format!("{code:?}"),
                message: format!(
                    "{} (not the host's words: something before it answered)",
                    printable(status.message())
                ),
                limit: None,
                proves: Proves::Nothing,
                by_host: false,
            }),
        }
    }

    /// The same, for a `New`: its lengths are looked at before its request id.
    pub(crate) fn of_new(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(Refusal { proves: refusal.proves.min(Proves::Try), ..refusal }),
            other => other,
        }
    }

    /// The same, for an operation of which it is known that this try did not send it.
    pub(crate) fn of_unsent(status: &Status) -> Self {
        match Self::of(status) {
            Self::Unknown => Self::NotApplied { overloaded: false, after: None },
            Self::Refused(refusal) => Self::Refused(Refusal { proves: refusal.proves.max(Proves::Try), ..refusal }),
            known => known,
        }
    }
}

/// Whether the transport, or something before the host, uses this code for a fault of its own.
fn is_fault_on_the_way(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled | Code::DeadlineExceeded | Code::Aborted
    )
}

impl Refusal {
    /// Whether the operation may have been applied: `earlier` says it of the tries before this one.
    #[must_use]
    pub fn maybe_applied(&self, earlier: bool) -> bool {
        match self.proves {
            Proves::Nothing => true,
            Proves::Try => earlier,
            Proves::Operation => false,
        }
    }

    /// What the caller is told.
    #[must_use]
    pub fn into_error(self, session: Index, maybe_applied: bool) -> Error {
        if let Some(word) = Word::of_reason(&self.reason) {
            return word.into_error(session, maybe_applied);
        }
        let too_large = |what| (what, self.limit);
        let (what, limit) = match self.reason.as_str() {
            "RECORD_TOO_LARGE" => too_large(TooLarge::Record),
            "SESSION_TOO_LARGE" => too_large(TooLarge::Session),
            "SESSION_TOO_MANY_RECORDS" => too_large(TooLarge::Records),
            _ => return Error::Rejected { reason: self.reason, message: self.message, maybe_applied },
        };
        Error::TooLarge { what, limit, message: self.message, maybe_applied }
    }
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
            Verdict::Refused(refusal) => refusal.into_error(SESSION, false),
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
            Verdict::of(&status(Code::ResourceExhausted, "A_BOUND_TO_COME", after)),
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
        assert!(matches!(refused(failed, "LEASE_LOST"), Error::LeaseLost { session: SESSION, .. }));
        assert!(matches!(refused(failed, "SESSION_FINISHED"), Error::Finished { session: SESSION, .. }));
        assert!(matches!(refused(Code::NotFound, "SESSION_NOT_FOUND"), Error::NotFound { session: SESSION, .. }));
        assert!(matches!(refused(Code::PermissionDenied, "KEY_WRONG"), Error::NotFound { session: SESSION, .. }));
        for (reason, kind) in [
            ("RECORD_TOO_LARGE", TooLarge::Record),
            ("SESSION_TOO_LARGE", TooLarge::Session),
            ("SESSION_TOO_MANY_RECORDS", TooLarge::Records),
        ] {
            let error = refused(Code::ResourceExhausted, reason);
            assert!(matches!(error, Error::TooLarge { what, limit: Some(1024), .. } if what == kind), "{error:?}");
        }
        for reason in ["KIND_UNKNOWN", "OPERATION_NUMBER_STALE", "REQUEST_INVALID"] {
            let error = refused(Code::InvalidArgument, reason);
            assert!(matches!(&error, Error::Rejected { reason: told, .. } if told == reason), "{error:?}");
        }
    }

    fn proof(status: &Status) -> Proves {
        match Verdict::of(status) {
            Verdict::Refused(refusal) => refusal.proves,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_proves_no_more_than_the_host_looked_at() {
        for reason in AFTER_THE_NUMBER {
            assert_eq!(proof(&status(Code::FailedPrecondition, reason, None)), Proves::Operation, "{reason}");
        }
        for reason in ["ACCESS_DENIED", "CREDENTIALS_WRONG", "SESSION_NOT_FOUND", "RECORD_TOO_LARGE", "KIND_UNKNOWN"] {
            assert_eq!(proof(&status(Code::PermissionDenied, reason, None)), Proves::Try, "{reason}");
        }
        for code in [Code::PermissionDenied, Code::Unauthenticated, Code::Unimplemented, Code::NotFound] {
            assert_eq!(proof(&Status::new(code, "a proxy")), Proves::Nothing, "{code:?}");
        }
        let (reason, message) = (String::new(), String::new());
        let refusal =
            |proves| Refusal { reason: reason.clone(), message: message.clone(), limit: None, proves, by_host: true };
        let maybe = |proves| [false, true].map(|earlier| refusal(proves).maybe_applied(earlier));
        assert_eq!(maybe(Proves::Nothing), [true, true]);
        assert_eq!(maybe(Proves::Try), [false, true]);
        assert_eq!(maybe(Proves::Operation), [false, false]);
    }

    #[test]
    fn what_was_not_sent_was_not_applied_whoever_answered() {
        assert_eq!(
            Verdict::of_unsent(&Status::unavailable("reset")),
            Verdict::NotApplied { overloaded: false, after: None }
        );
        let Verdict::Refused(refusal) = Verdict::of_unsent(&Status::permission_denied("a proxy")) else { panic!() };
        assert_eq!((refusal.proves, refusal.by_host), (Proves::Try, false));
    }

    #[test]
    fn the_room_of_another_is_not_the_hosts() {
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(1)));
        let limited = Status::with_error_details(Code::ResourceExhausted, "rate limit", details);
        assert_eq!(Verdict::of(&limited), Verdict::Unknown);
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
