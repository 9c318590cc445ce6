//! Why a request brought no response.

use std::fmt;

use crate::Failure;

/// A request brought no response. Left to `?` it becomes a [`Failure`]: see [`Error::may_heal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Method and URL, without the query.
    pub request: String,
    /// What happened.
    pub cause: Cause,
}

/// What happened to a request without a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The allow-list does not name this target, or its address is one that was not meant. Nothing left the host.
    Denied(String),
    /// The request itself is malformed. Nothing left the host.
    Invalid(String),
    /// No connection could be made. Nothing was sent.
    Unreachable(String),
    /// The time was up. The request may have been carried out.
    Timeout,
    /// The connection broke after the request was sent. The request may have been carried out.
    Broken(String),
    /// The response is longer than the host's limit, given in bytes. The request was carried out.
    ResponseTooLarge(u64),
}

impl Error {
    /// Whether the same request may succeed in a later repeat, with the same handler and the same config.
    pub fn may_heal(&self) -> bool {
        matches!(self.cause, Cause::Unreachable(_) | Cause::Timeout | Cause::Broken(_))
    }

    /// Whether the service may have carried the request out.
    pub fn may_have_happened(&self) -> bool {
        matches!(self.cause, Cause::Timeout | Cause::Broken(_) | Cause::ResponseTooLarge(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(why) => write!(f, "denied, see the kind's [[kind.plugin.http]]: {why}"),
            Self::Invalid(why) => write!(f, "not a valid request: {why}"),
            Self::Unreachable(why) => write!(f, "unreachable: {why}"),
            Self::Timeout => write!(f, "no response in time"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::ResponseTooLarge(limit) => write!(f, "the response is over the host's limit of {limit} bytes"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.may_heal() { Self::retry(error) } else { Self::permanent(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_mark_retries_what_the_outside_may_heal() {
        let failure = |cause| Failure::from(Error { request: "GET http://a/".into(), cause });
        assert_eq!(failure(Cause::Timeout), Failure::retry("GET http://a/: no response in time"));
        assert!(matches!(failure(Cause::Unreachable("refused".into())), Failure::Retry(_)));
        assert!(matches!(failure(Cause::Broken("reset".into())), Failure::Retry(_)));
        assert!(matches!(failure(Cause::Denied("not listed".into())), Failure::Permanent(_)));
        assert!(matches!(failure(Cause::Invalid("no scheme".into())), Failure::Permanent(_)));
        assert!(matches!(failure(Cause::ResponseTooLarge(9)), Failure::Permanent(_)));
    }
}
