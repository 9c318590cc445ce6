//! Building a request.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Cause, Error, Response};
use crate::host;

/// What may stand in a query as it is: the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request that is being built. Nothing leaves before [`Request::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Absolute, with the query.
    pub url: String,
    /// Names and values, in the order given.
    pub headers: Vec<(String, String)>,
    /// None sends no body.
    pub body: Option<Vec<u8>>,
    /// When to give up; the run's own deadline holds in any case.
    pub timeout: Option<Duration>,
    /// The name of what this request does, unique within the handler.
    pub step: Option<String>,
    /// What went wrong while building. Kept for `send`, so that a chain of calls needs one `?` only.
    malformed: Option<String>,
}

impl Request {
    pub(super) fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            step: None,
            malformed: None,
        }
    }

    /// Add `name=value` to the query, both percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let name = utf8_percent_encode(name, UNRESERVED);
        let value = utf8_percent_encode(value, UNRESERVED);
        self.url = format!("{}{separator}{name}={value}", self.url);
        self
    }

    /// Add a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Send these bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Send this value as JSON, with its `Content-Type`. A value that does not serialise makes `send` fail with
    /// [`Cause::Invalid`].
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(why) => {
                self.malformed = Some(format!("the body does not serialise: {why}"));
                self
            }
        }
    }

    /// Name what this request does; the name must be unique within the handler and stay the same for ever. The request
    /// then carries `Idempotency-Key: <session id>/<step>` and `Mpy6a-Fence: <fence>`.
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }

    /// Give up after this time, rounded up to whole milliseconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Send it and wait for the whole response, whatever its status. Every operation asked of the session before is
    /// durable before the request leaves.
    pub fn send(mut self) -> Result<Response, Error> {
        let line = self.line();
        let answer = match self.malformed.take() {
            Some(why) => Err(Cause::Invalid(why)),
            None => host::send(self),
        };
        match answer {
            Ok(response) => Ok(response.to(line)),
            Err(cause) => Err(Error { request: line, cause }),
        }
    }

    /// Method and URL, for error messages. Without the query: it may hold what must not be kept in a log.
    fn line(&self) -> String {
        let url = self.url.split_once(['?', '#']).map_or(self.url.as_str(), |(before, _)| before);
        format!("{} {url}", self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    #[test]
    fn a_query_survives_every_character() {
        let request = get("http://a/users").query("nick", "ёж & co+=%?#/~").query("x", "");
        assert_eq!(request.url, "http://a/users?nick=%D1%91%D0%B6%20%26%20co%2B%3D%25%3F%23%2F~&x=");
    }

    #[test]
    fn json_sets_body_and_type() {
        let request = put("http://b/index/7").json(&[1, 2]).step("index").timeout(Duration::from_secs(1));
        assert_eq!(request.body.as_deref(), Some(b"[1,2]".as_slice()));
        assert_eq!(request.headers, [("content-type".into(), "application/json".into())]);
        assert_eq!((request.method.as_str(), request.step.as_deref()), ("PUT", Some("index")));
    }

    #[test]
    fn a_body_that_does_not_serialise_fails_when_sent_and_names_the_request_without_its_query() {
        let bad = std::collections::BTreeMap::from([(vec![1], 2)]);
        let error = post("http://a/x?token=secret").json(&bad).send().map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("POST http://a/x: not a valid request: the body does not serialise: key must be a string".into())
        );
    }
}
