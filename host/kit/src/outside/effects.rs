//! What requests changed, each counted once however often it was repeated safely.
//!
//! A repeat is safe where the service can tell it from a new request, or where doing it twice is the same as once:
//!
//! * requests with the same `Idempotency-Key` are one effect, and should be one request;
//! * a `PUT` or `DELETE` that was already made, to the same URL with the same body, is one effect (RFC 9110, 9.2.2);
//! * everything else counts each time.

use super::Seen;

/// What the requests of a life changed, in the order in which it happened first.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    all: Vec<Seen>,
    /// Steps whose repeat asked for something else than the first time.
    changed: Vec<String>,
}

/// One effect, as lives are compared by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// `POST http://shop.test/orders`
    pub line: String,
    /// The whole body, as text on one line.
    pub body: String,
}

impl Effects {
    pub(super) fn add(&mut self, seen: &Seen) {
        let same_request =
            |first: &Seen| (&first.method, &first.url, &first.body) == (&seen.method, &seen.url, &seen.body);
        let idempotent = matches!(seen.method.as_str(), "PUT" | "DELETE");
        for first in &self.all {
            if seen.idempotency_key.is_some() && first.idempotency_key == seen.idempotency_key {
                if !same_request(first) {
                    self.changed.push(changed(first, seen));
                }
                return;
            }
            if idempotent && same_request(first) {
                return;
            }
        }
        self.all.push(seen.clone());
    }

    /// The effects, in the order in which they happened first.
    #[must_use]
    pub fn list(&self) -> Vec<Effect> {
        let body = |seen: &Seen| crate::offline::trace::full(&seen.body);
        self.all.iter().map(|seen| Effect { line: seen.line(), body: body(seen) }).collect()
    }

    /// Steps whose repeat asked for something else than the first time, in words.
    #[must_use]
    pub fn changed(&self) -> &[String] {
        &self.changed
    }
}

fn changed(first: &Seen, seen: &Seen) -> String {
    let key = seen.idempotency_key.as_deref().unwrap_or_default();
    let step = key.split_once('/').map_or(key, |(_, step)| step);
    if first.line() == seen.line() {
        return format!("the step `{step}` was repeated with another body: a service that knows the key ignores it");
    }
    format!(
        "the step `{step}` was {} at first and {} when repeated: a service that knows the key answers the first; give each \
         request a step of its own, and make it from what is recorded",
        first.line(),
        seen.line()
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn seen(method: &str, key: Option<&str>, body: &'static str) -> Seen {
        Seen {
            method: method.into(),
            url: "http://a.test/x".into(),
            idempotency_key: key.map(Into::into),
            body: Bytes::from_static(body.as_bytes()),
            answered: "200".into(),
        }
    }

    fn count(requests: &[Seen]) -> usize {
        let mut effects = Effects::default();
        requests.iter().for_each(|request| effects.add(request));
        effects.list().len()
    }

    #[test]
    fn a_repeat_that_the_service_can_tell_counts_once() {
        assert_eq!(count(&[seen("POST", None, "a"), seen("POST", None, "a")]), 2);
        assert_eq!(count(&[seen("POST", Some("1-1/pay"), "a"), seen("POST", Some("1-1/pay"), "a")]), 1);
        assert_eq!(count(&[seen("POST", Some("1-1/pay"), "a"), seen("POST", Some("1-1/ship"), "a")]), 2);
        assert_eq!(count(&[seen("PUT", None, "a"), seen("PUT", None, "a")]), 1);
        assert_eq!(count(&[seen("PUT", None, "a"), seen("PUT", None, "b")]), 2);
        assert_eq!(count(&[seen("DELETE", None, ""), seen("POST", None, "")]), 2);
    }

    #[test]
    fn a_step_that_asks_for_something_else_is_told() {
        let mut effects = Effects::default();
        effects.add(&seen("POST", Some("1-1/pay"), "a"));
        effects.add(&seen("POST", Some("1-1/pay"), "b"));
        assert_eq!(effects.list().len(), 1);
        assert!(effects.changed()[0].contains("`pay`"), "{:?}", effects.changed());
    }
}
