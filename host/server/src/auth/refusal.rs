//! What is said to whoever is turned away: by gRPC as a status, by HTTP as a page of one line.
//!
//! Missing, wrong and expired credentials get the same words. Only that they are missing has a reason of its own: who sends
//! none knows it already. What is not allowed gets one answer, whether what was asked for exists or not.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use mpy6a_proto::v1;
use tonic::{Code, Status, body::Body};

use crate::error::{build, refusal};

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No credentials.
    Missing,
    /// Nobody's.
    Wrong,
    /// Somebody's, once.
    Expired,
    /// Somebody's who may not do this.
    NotAllowed,
    /// Somebody's who may not open this kind.
    Kind,
    /// A web page of another site asks.
    Foreign,
}

/// Said of credentials.
const WHO: &str = "the credentials are missing, wrong or out of date: send a token that an [[access]] of the host's config \
                   names, as `authorization: Bearer TOKEN`, or use a client certificate that one names";

/// Said of rights.
const WHAT: &str = "these credentials do not allow this, whether it exists or not: ask whoever keeps the host's config to add \
                    the right to their [[access]]";

/// Said of web pages.
const PAGE: &str = "a web page of another site asks for this, or this host goes by another name: open it by its address, for \
                    example http://127.0.0.1:7341, or give its config an [[access]], with which it may have any name";

impl Denied {
    /// For the log and the counters: more than the caller is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::NotAllowed => "not-allowed",
            Self::Kind => "kind",
            Self::Foreign => "foreign-page",
        }
    }

    /// Whether it is for who they are, not for what they ask.
    #[must_use]
    pub fn is_of_a_stranger(self) -> bool {
        matches!(self, Self::Missing | Self::Wrong | Self::Expired)
    }

    fn on_the_wire(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::Missing => (Code::Unauthenticated, "CREDENTIALS_MISSING", WHO),
            Self::Wrong | Self::Expired => (Code::Unauthenticated, "CREDENTIALS_WRONG", WHO),
            Self::Foreign => (Code::PermissionDenied, "FOREIGN_PAGE", PAGE),
            Self::NotAllowed | Self::Kind => (Code::PermissionDenied, "ACCESS_DENIED", WHAT),
        }
    }

    /// As a gRPC status.
    #[must_use]
    pub fn status(self) -> Status {
        let (code, reason, words) = self.on_the_wire();
        build(code, reason, Vec::new(), None, words)
    }

    /// Inside an answer that carries several outcomes.
    #[must_use]
    pub fn refused(self) -> v1::Refused {
        let (code, reason, words) = self.on_the_wire();
        refusal(code, reason, Vec::new(), None, words.to_owned())
    }

    /// The answer to a request, by gRPC or by HTTP.
    #[must_use]
    pub fn response(self, is_grpc: bool) -> Response<Body> {
        if is_grpc {
            return self.status().into_http();
        }
        let (code, _, words) = self.on_the_wire();
        if code != Code::Unauthenticated {
            return page(StatusCode::FORBIDDEN, words);
        }
        let mut response = page(StatusCode::UNAUTHORIZED, words);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"mpy6a\""));
        response
    }
}

/// A page of one line, which no browser keeps or takes for anything else.
#[must_use]
pub fn page(status: StatusCode, words: &str) -> Response<Body> {
    let mut response = Response::new(Body::new(format!("{words}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether a request with these headers speaks gRPC.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"))
}
