//! Run a handler natively, without a host, and look at what it did.
//!
//! ```
//! use mpy6a_handler::{Failure, Repeat, http, testing::{Operation, Scene}};
//!
//! fn handle(repeat: Repeat) -> Result<(), Failure> {
//!     http::delete("http://shop/carts/7").step("drop").send()?.expect_success()?;
//!     Ok(repeat.delete()?)
//! }
//!
//! let ended = Scene::new().record("7").http(|_| Ok(http::Response::new(204, ""))).run(handle);
//! assert_eq!(ended.result, Ok(()));
//! assert_eq!(ended.operations, [Operation::Delete]);
//!
//! let ended = Scene::new().record("7").http(|_| Ok(http::Response::new(503, "busy"))).run(handle);
//! assert!(matches!(ended.result, Err(Failure::Retry(_))));
//! assert!(ended.operations.is_empty());
//! ```
//!
//! This tests a handler's decisions. What only a host can do, it does not do: limits, the allow-list, commits. The
//! one rule kept is that a deleted or stored session takes no more operations and sends no HTTP.

use std::collections::BTreeMap;

use crate::{
    Failure, Repeat,
    host::{
        Session,
        stage::{Answer, Stage, on},
    },
    http::{Cause, Request, Response},
    log::Level,
};

/// What a handler is to find: records, settings, and how the outside answers.
#[derive(Default)]
#[must_use = "a scene does nothing until it is run"]
pub struct Scene {
    records: Vec<Vec<u8>>,
    settings: BTreeMap<String, String>,
    answer: Option<Answer>,
    repeat: Option<(u32, u32)>,
}

/// One operation on the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A record was appended.
    Append(Vec<u8>),
    /// All records were replaced by this one.
    Replace(Vec<u8>),
    /// The session was deleted.
    Delete,
    /// The session was stored, for so many seconds or for the kind's own delay.
    Store(Option<u32>),
}

/// What a run did.
#[derive(Debug)]
pub struct Ended {
    /// What the handler returned.
    pub result: Result<(), Failure>,
    /// What it did to the session, in order, as far as the host would have allowed it.
    pub operations: Vec<Operation>,
    /// The requests that left.
    pub requests: Vec<Request>,
    /// The lines logged.
    pub lines: Vec<(Level, String)>,
}

impl Scene {
    /// No records, no settings, no HTTP granted; the first repeat of ten.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more record.
    pub fn record(mut self, record: impl Into<Vec<u8>>) -> Self {
        self.records.push(record.into());
        self
    }

    /// One more setting.
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// Grant HTTP, and answer every request so.
    pub fn http(mut self, answer: impl FnMut(&Request) -> Result<Response, Cause> + 'static) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }

    /// Make this the `repeat`-th run, from 1, of `max_repeats`.
    pub fn repeat(mut self, repeat: u32, max_repeats: u32) -> Self {
        self.repeat = Some((repeat, max_repeats));
        self
    }

    /// Run the handler.
    pub fn run(self, handle: impl FnOnce(Repeat) -> Result<(), Failure>) -> Ended {
        let (repeat, max_repeats) = self.repeat.unwrap_or((1, 10));
        let data = Repeat {
            records: self.records,
            session: Session,
            kind: 1,
            kind_name: "scene".into(),
            repeat,
            max_repeats,
            created_ms: 1_000,
            stored_ms: 2_000,
            due_ms: 3_000,
            deadline_ms: 13_000,
            idempotency_key: "1-1".into(),
            traceparent: None,
        };
        on(Stage { settings: self.settings, answer: self.answer, ended: Ended::default() }, || handle(data))
    }
}

impl Ended {
    /// Whether the session was deleted or stored.
    pub fn is_finished(&self) -> bool {
        matches!(self.operations.last(), Some(Operation::Delete | Operation::Store(_)))
    }

    /// Whether a line of this text was logged, at whatever level.
    pub fn logged(&self, text: &str) -> bool {
        self.lines.iter().any(|(_, line)| line == text)
    }
}

impl Default for Ended {
    fn default() -> Self {
        Self { result: Ok(()), operations: Vec::new(), requests: Vec::new(), lines: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{SessionError, http, settings};

    #[test]
    fn a_finished_session_takes_nothing_more() {
        let ended = Scene::new().http(|_| Ok(Response::new(200, ""))).run(|repeat| {
            repeat.append_json(&7)?;
            repeat.store(Duration::from_millis(1_500))?;
            assert_eq!(repeat.append("late"), Err(SessionError::Finished));
            assert!(matches!(http::get("http://a/").send(), Err(http::Error { cause: Cause::Invalid(_), .. })));
            Ok(repeat.delete()?)
        });
        assert_eq!(ended.operations, [Operation::Append(b"7".to_vec()), Operation::Store(Some(2))]);
        assert!(matches!(ended.result, Err(Failure::Permanent(reason)) if reason.contains("do that last")));
        assert!(ended.requests.is_empty());
    }

    #[test]
    fn a_missing_setting_is_permanent_and_names_the_remedy() {
        let ended = Scene::new().setting("a", "1").run(|_| {
            assert_eq!(settings::require("a"), Ok("1".into()));
            assert_eq!(settings::all(), Ok(vec![("a".into(), "1".into())]));
            settings::require("b").map(|_| ())
        });
        let expected = "the setting `b` is missing: add it to [kind.plugin.settings] of this kind";
        assert_eq!(ended.result, Err(Failure::permanent(expected)));
    }

    #[test]
    fn the_last_repeat_is_known() {
        let last = |repeat| {
            let ended = Scene::new().repeat(repeat, 3).run(|repeat| match repeat.is_last_repeat() {
                true => Ok(repeat.replace("last")?),
                false => Ok(repeat.store(None)?),
            });
            ended.operations
        };
        assert_eq!(last(2), [Operation::Store(None)]);
        assert_eq!(last(3), [Operation::Replace(b"last".to_vec())]);
    }

    #[test]
    fn nothing_leaves_a_scene_without_http() {
        let ended = Scene::new().run(|_| http::get("http://a/").send().map(|_| ()).map_err(Failure::from));
        assert!(matches!(ended.result, Err(Failure::Permanent(_))));
    }
}
