//! One answer of the world outside.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mpy6a_plugins::egress::{Body, SendError};

use super::{Seen, whole};

/// Methods that change nothing, by the book (RFC 9110, 9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// To which requests, under which facts, with what effect.
#[derive(Clone, Debug)]
pub struct Answer {
    /// In capitals; none for every method.
    pub method: Option<String>,
    /// What requests it is for; `*` stands for any text.
    pub url: String,
    /// Only once this is a fact.
    pub when: Option<String>,
    /// Only until this is a fact.
    pub unless: Option<String>,
    /// A fact from this answer on.
    pub sets: Option<String>,
    /// How long it takes.
    pub delay: Option<Duration>,
    /// There is no answer, in this way.
    pub fails: Option<Failure>,
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body.
    pub body: Bytes,
    /// Whether the world is another one afterwards; by default as method and status say.
    pub effect: Option<bool>,
}

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// No connection could be made: nothing happened.
    Unreachable,
    /// It was carried out, and the answer never comes.
    Timeout,
    /// It was carried out, and the connection broke before the answer.
    Broken,
}

impl Failure {
    /// As a scenario writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
        }
    }
}

impl Answer {
    /// Whether it answers this request, in a world of these facts.
    pub(super) fn is_for(&self, seen: &Seen, facts: &BTreeSet<String>) -> bool {
        self.is_of(&seen.method, &seen.url)
            && self.when.as_ref().is_none_or(|fact| facts.contains(fact))
            && !self.unless.as_ref().is_some_and(|fact| facts.contains(fact))
    }

    /// Whether it answers this method at this URL, in some world.
    pub(crate) fn is_of(&self, method: &str, url: &str) -> bool {
        self.method.as_ref().is_none_or(|own| own == method) && matches(&self.url, url)
    }

    /// Whether it changed something: a method that may, and no refusal.
    pub(super) fn has_effect(&self, seen: &Seen) -> bool {
        let reached = self.fails != Some(Failure::Unreachable);
        let refused = self.fails.is_none() && self.status.as_u16() >= 400;
        reached && self.effect.unwrap_or(!refused && !SAFE.contains(&seen.method.as_str()))
    }

    pub(super) fn result(&self) -> Result<Response<Body>, SendError> {
        match self.fails {
            Some(Failure::Unreachable) => Err(SendError::Unreachable("as the scenario has it".to_owned())),
            Some(Failure::Timeout) => Err(SendError::Timeout),
            Some(Failure::Broken) => Err(SendError::Broken("as the scenario has it".to_owned())),
            None => {
                let mut response = Response::new(whole(self.body.clone()));
                *response.status_mut() = self.status;
                for (name, value) in &self.headers {
                    response.headers_mut().append(name, value.clone());
                }
                Ok(response)
            }
        }
    }
}

/// Whether a text fits a pattern, in which `*` stands for any text.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("http://a/x", "http://a/x", true),
            ("http://a/x", "http://a/xy", false),
            ("http://a/*", "http://a/", true),
            ("http://a/*?n=*", "http://a/users?n=1", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*b", "a-b", false),
            ("*b", "ab", true),
            ("*b", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
