//! Reading a response.

use serde::de::DeserializeOwned;

use crate::Failure;

/// How much of a body is quoted in a failure's reason, in bytes: a line of a service's error message.
const QUOTED_BYTES_MAX: usize = 200;

/// Statuses outside 5xx after which the same request may succeed later: 408 Request Timeout, 409 Conflict,
/// 412 Precondition Failed (a stale fence, above all), 423 Locked, 425 Too Early, 429 Too Many Requests
/// (RFC 9110, section 15; RFC 4918, section 11.3; RFC 8470, section 5.2; RFC 6585, section 4).
const RETRIED: [u16; 6] = [408, 409, 412, 423, 425, 429];

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What it answers, for error messages.
    request: String,
}

impl Response {
    /// A response without headers, for tests of a handler.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), request: String::new() }
    }

    /// The same with one more header, whose name is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn to(mut self, request: String) -> Self {
        self.request = request;
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body as it is.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is not UTF-8 is replaced character by character.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Itself if the status is 2xx, else a [`Failure`]: to be retried for 5xx, 408, 409, 412, 423, 425 and 429,
    /// permanent for any other status. The reason quotes the beginning of the body.
    pub fn expect_success(self) -> Result<Self, Failure> {
        if self.is_success() {
            return Ok(self);
        }
        let reason = format!("{} answered {}: {}", self.request, self.status, self.quote());
        let retry = self.status >= 500 || RETRIED.contains(&self.status);
        Err(if retry { Failure::Retry(reason) } else { Failure::Permanent(reason) })
    }

    /// The body read as JSON. One that does not parse is a [`Failure::Retry`]: what answered may have been a proxy's
    /// error page, or a service half-way through a deployment.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|why| {
            let wanted = std::any::type_name::<T>();
            let Self { request, status, .. } = self;
            Failure::Retry(format!("{request} answered {status} with what is not a {wanted} in JSON: {why}"))
        })
    }

    fn quote(&self) -> String {
        let shown = &self.body[..self.body.len().min(QUOTED_BYTES_MAX)];
        let more = if shown.len() < self.body.len() { "…" } else { "" };
        format!("{}{more}", String::from_utf8_lossy(shown).trim())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn answer(status: u16) -> Result<(), Failure> {
        Response::new(status, "why").to("PUT http://b/index/7".into()).expect_success().map(|_| ())
    }

    #[test]
    fn statuses_decide_between_retry_and_permanent() {
        for status in [200, 201, 204, 299] {
            assert_eq!(answer(status), Ok(()));
        }
        for status in [408, 409, 412, 423, 425, 429, 500, 503, 599] {
            assert_eq!(answer(status), Err(Failure::Retry(format!("PUT http://b/index/7 answered {status}: why"))));
        }
        for status in [301, 400, 401, 404, 410, 422] {
            assert!(matches!(answer(status), Err(Failure::Permanent(_))), "{status}");
        }
    }

    #[test]
    fn a_long_body_is_quoted_in_part() {
        let failed = Response::new(500, "я".repeat(1_000)).expect_success().map(|_| ());
        let expected = format!(" answered 500: {}…", "я".repeat(QUOTED_BYTES_MAX / 2));
        assert_eq!(failed, Err(Failure::Retry(expected)));
    }

    #[test]
    fn a_body_that_does_not_parse_is_retried() {
        let read = Response::new(200, "<html>").to("GET http://a/".into()).json::<u32>();
        let Err(Failure::Retry(reason)) = read else { panic!("it must be retried") };
        assert!(reason.starts_with("GET http://a/ answered 200 with what is not a u32 in JSON: "), "{reason}");
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let response = Response::new(200, "").with_header("retry-after", "3");
        assert_eq!(response.header("Retry-After"), Some("3"));
        assert_eq!(response.header("etag"), None);
    }
}
