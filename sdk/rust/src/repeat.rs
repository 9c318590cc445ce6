//! What a handler gets: the session that it is to finish, and what the host knows about this repeat.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Failure, SessionError, host, records};

/// One run over an unfinished session.
///
/// Operations are kept by the host and committed together with the end of the run, or earlier: all that was asked
/// before an HTTP request is durable before the request leaves. A run that traps or meets a limit loses what was not
/// yet committed.
///
/// A run that returns `Ok` without [`Repeat::delete`] or [`Repeat::store`] is repeated after the kind's backoff.
#[derive(Debug)]
pub struct Repeat {
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) session: host::Session,
    pub(crate) kind: u32,
    pub(crate) kind_name: String,
    pub(crate) repeat: u32,
    pub(crate) max_repeats: u32,
    pub(crate) created_ms: u64,
    pub(crate) stored_ms: u64,
    pub(crate) due_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) idempotency_key: String,
    pub(crate) traceparent: Option<String>,
}

/// What the session recorded before this run, oldest first. Operations of this run do not show here.
impl Repeat {
    /// The records as they are.
    pub fn records(&self) -> &[Vec<u8>] {
        &self.records
    }

    /// The record at `index`, from 0, read as JSON. One that is not there or does not parse is a
    /// [`Failure::Permanent`] that says which and why.
    pub fn record<T: DeserializeOwned>(&self, index: usize) -> Result<T, Failure> {
        records::at(&self.records, index)
    }

    /// All records as values of one type, usually an enum, read as JSON.
    pub fn records_as<T: DeserializeOwned>(&self) -> Result<Vec<T>, Failure> {
        records::all(&self.records)
    }

    /// How far the work had come: a state that starts as its default and has every record, read as JSON, applied to
    /// it in order.
    ///
    /// ```
    /// # use mpy6a_handler::{Failure, Repeat};
    /// #[derive(serde::Deserialize)]
    /// #[serde(tag = "step", rename_all = "lowercase")]
    /// enum Step { Create { nick: String }, Created { id: u64 } }
    ///
    /// #[derive(Default)]
    /// struct Progress { nick: String, id: Option<u64> }
    ///
    /// # fn f(repeat: Repeat) -> Result<(), Failure> {
    /// let progress = repeat.replay(|progress: &mut Progress, step| match step {
    ///     Step::Create { nick } => progress.nick = nick,
    ///     Step::Created { id } => progress.id = Some(id),
    /// })?;
    /// # Ok(()) }
    /// ```
    pub fn replay<S, T>(&self, apply: impl FnMut(&mut S, T)) -> Result<S, Failure>
    where
        S: Default,
        T: DeserializeOwned,
    {
        records::replay(&self.records, apply)
    }
}

/// Operations on the session.
impl Repeat {
    /// Append a record.
    pub fn append(&self, record: impl AsRef<[u8]>) -> Result<(), SessionError> {
        self.session.append(record.as_ref())
    }

    /// Append a value as JSON.
    pub fn append_json(&self, record: &impl Serialize) -> Result<(), Failure> {
        Ok(self.append(serde_json::to_vec(record)?)?)
    }

    /// Drop all records and keep this one.
    pub fn replace(&self, record: impl AsRef<[u8]>) -> Result<(), SessionError> {
        self.session.replace(record.as_ref())
    }

    /// Drop all records and keep this value, as JSON.
    pub fn replace_json(&self, record: &impl Serialize) -> Result<(), Failure> {
        Ok(self.replace(serde_json::to_vec(record)?)?)
    }

    /// The work is finished: forget the session. After this it takes no more operations, and no HTTP leaves.
    pub fn delete(&self) -> Result<(), SessionError> {
        self.session.delete()
    }

    /// Repeat the session after this time, rounded up to whole seconds; with `None`, after the kind's own delay.
    /// After this it takes no more operations, and no HTTP leaves.
    pub fn store(&self, timeout: impl Into<Option<Duration>>) -> Result<(), SessionError> {
        self.session.store(timeout.into().map(whole_seconds))
    }
}

/// What the host knows.
impl Repeat {
    /// The session's id, `term-index`.
    pub fn session_id(&self) -> String {
        self.session.id()
    }

    /// The index at which this run got the session, `term-index`. It grows with every change of hands, so that an
    /// outside system can refuse a stale holder; a request with a step carries it by itself.
    pub fn fence(&self) -> String {
        self.session.fence()
    }

    /// The client kind's number in the host's config.
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// The client kind's name in the host's config.
    pub fn kind_name(&self) -> &str {
        &self.kind_name
    }

    /// Which repeat this is, from 1, since the session was last stored by an operator.
    pub fn repeat(&self) -> u32 {
        self.repeat
    }

    /// After this many repeats that finished nothing the session is parked.
    pub fn max_repeats(&self) -> u32 {
        self.max_repeats
    }

    /// Whether the session is parked if this run does not finish it.
    pub fn is_last_repeat(&self) -> bool {
        self.repeat >= self.max_repeats
    }

    /// When the session was created, in Unix milliseconds.
    pub fn created_ms(&self) -> u64 {
        self.created_ms
    }

    /// When the session was last stored, in Unix milliseconds.
    pub fn stored_ms(&self) -> u64 {
        self.stored_ms
    }

    /// When this repeat fell due, in Unix milliseconds.
    pub fn due_ms(&self) -> u64 {
        self.due_ms
    }

    /// When the host will end this run, in Unix milliseconds.
    pub fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    /// The same in every repeat of the session, and unique to it.
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// The W3C traceparent given when the session was created.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
}

/// The contract counts in seconds. Never early: a part of a second counts as one. What is over 136 years is that much,
/// and left to the host to refuse.
fn whole_seconds(timeout: Duration) -> u32 {
    let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0));
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_never_shorter_than_asked() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(u64::from(u32::MAX))), u32::MAX);
        assert_eq!(whole_seconds(Duration::from_secs(u64::from(u32::MAX) + 1)), u32::MAX);
        assert_eq!(whole_seconds(Duration::MAX), u32::MAX);
    }
}
