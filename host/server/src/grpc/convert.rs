//! Between the messages of the wire and the values of the state machine.

use bytes::Bytes;
use mpy6a_proto::v1;
use mpy6a_sessions::{Applied, Attempt, Handle, Index, Key, New, Opened, Session, SessionOp, State};
use tonic::Status;

use super::caller::{Unfit, Who};
use crate::error::invalid;

/// An index for the wire.
#[must_use]
pub fn index(index: Index) -> v1::Index {
    v1::Index { term: index.term, index: index.index }
}

/// A handle for the wire.
#[must_use]
pub fn handle(handle: Handle) -> v1::Handle {
    v1::Handle { id: Some(index(handle.id)), key: handle.key.0 }
}

/// A session's id from the wire.
///
/// # Errors
///
/// `REQUEST_INVALID`, where it is absent.
pub fn id(given: Option<v1::Index>) -> Result<Index, Status> {
    let v1::Index { term, index } =
        given.ok_or_else(|| invalid("`id` is missing: name the session by its term and index"))?;
    Ok(Index { term, index })
}

/// A handle from the wire.
///
/// # Errors
///
/// `REQUEST_INVALID`, where it or its id is absent.
pub fn given_handle(given: Option<v1::Handle>) -> Result<Handle, Status> {
    let missing = || invalid("`handle` is missing or has no `id`: send the handle that New answered");
    let v1::Handle { id, key } = given.ok_or_else(missing)?;
    let v1::Index { term, index } = id.ok_or_else(missing)?;
    Ok(Handle { id: Index { term, index }, key: Key(key) })
}

/// Records up to this length, in bytes, are copied out of their message: beside what a call costs that is nothing, and what
/// is kept of the message with them could be most of what they take.
const COPIED_MAX: usize = 4096;

/// A record from the wire. It is a slice of the message that it came in, and keeps all of that in memory for as long as it
/// is kept itself. So it is copied, unless it is long and its message has nothing else that would stay: `alone`.
#[must_use]
pub fn record(record: Bytes, alone: bool) -> Bytes {
    if alone && record.len() > COPIED_MAX { record } else { Bytes::copy_from_slice(&record) }
}

/// What a client asks of `New`. `alone`: see [`record`]. Empty texts are absent ones: the wire cannot tell them apart.
///
/// # Errors
///
/// [`Unfit`], for its name.
pub fn new(request: v1::NewRequest, who: &Who, alone: bool) -> Result<New, Unfit> {
    Ok(New {
        kind: request.kind,
        record: request.record.map(|given| record(given, alone)),
        request: who.request_name(&request.request_id, request.number)?,
        traceparent: (!request.traceparent.is_empty()).then_some(request.traceparent),
    })
}

/// The answer to `New`.
#[must_use]
pub fn opened(opened: Opened) -> v1::NewResponse {
    v1::NewResponse { handle: Some(handle(opened.handle)), fence: Some(index(opened.fence)), lease_ms: opened.lease_ms }
}

/// What a client asks of `Store`.
#[must_use]
pub fn store(timeout_s: Option<u32>) -> SessionOp {
    SessionOp::Store { timeout_s }
}

/// The answer to `Store`.
#[must_use]
pub fn stored(applied: Applied) -> v1::StoreResponse {
    v1::StoreResponse { change_id: Some(index(applied.change_id)), due_ms: applied.due_ms.unwrap_or(0) }
}

/// A session for operators of the host, without its records, attempts, and what it waits for. It has no key in it.
#[must_use]
pub fn session(session: Session) -> v1::GetSessionResponse {
    let (state, due) = match session.state {
        State::Active => (v1::SessionState::Active, None),
        State::Stored(due) => (v1::SessionState::Stored, Some(due)),
        State::Repeating { due, .. } => (v1::SessionState::Repeating, Some(due)),
        State::Parked { .. } => (v1::SessionState::Parked, None),
    };
    v1::GetSessionResponse {
        id: Some(index(session.id)),
        kind: session.kind,
        state: state.into(),
        change_id: Some(index(session.change_id)),
        fence: Some(index(session.fence)),
        created_ms: session.created_ms,
        stored_ms: if matches!(session.state, State::Active) { 0 } else { session.stored_ms },
        due_ms: due.map_or(0, |due| due.at_ms),
        repeats: session.repeats,
        records: Vec::new(),
        attempts: Vec::new(),
        traceparent: session.traceparent.unwrap_or_default(),
        waiting: None,
        record_bytes: session.bytes,
    }
}

/// An attempt for operators of the host, without whether it is kept.
#[must_use]
pub fn attempt(attempt: Attempt) -> v1::Attempt {
    let report = attempt.report;
    v1::Attempt {
        fence: Some(index(attempt.fence)),
        repeat: attempt.repeat,
        started_ms: attempt.started_ms,
        duration_us: report.duration_us,
        outcome: report.outcome.name().to_owned(),
        cause: report.outcome.cause().to_owned(),
        fuel: report.fuel,
        memory_peak_bytes: report.memory_peak_bytes,
        plugin_digest: hex::encode(report.plugin_digest),
        log: report.log_tail,
        kept: false,
        not_kept: String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::Bytes;
    use mpy6a_sessions::{Backoff, Environment, KindPolicy, Kinds, Limits, Outcome, Report, store::redb::RedbStore};
    use tonic::Code;

    use super::*;

    const ID: Index = Index { term: 2, index: 7 };

    #[test]
    fn a_handle_comes_back_as_it_went() {
        let it = Handle { id: ID, key: Key(u64::MAX) };
        assert_eq!(given_handle(Some(handle(it))).unwrap(), it);
    }

    #[test]
    fn what_is_missing_is_named() {
        for given in [None, Some(v1::Handle { id: None, key: 1 })] {
            let status = given_handle(given).unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains("`handle`"), "{status}");
        }
        assert!(id(None).unwrap_err().message().contains("`id`"));
    }

    #[test]
    fn empty_texts_of_new_are_absent_and_an_empty_record_is_not() {
        let request = v1::NewRequest { kind: 1, record: Some(Bytes::new()), ..v1::NewRequest::default() };
        let expected = New { kind: 1, record: Some(Bytes::new()), request: None, traceparent: None };
        assert_eq!(new(request, &Who::default(), true).unwrap(), expected);
    }

    #[test]
    fn only_a_long_record_that_is_alone_keeps_its_message() {
        for (bytes, alone, kept) in [(COPIED_MAX, true, false), (COPIED_MAX + 1, true, true), (1 << 20, false, false)] {
            let message = Bytes::from(vec![7; bytes]);
            let own = record(message.clone(), alone);
            assert_eq!(own, message);
            assert_eq!(own.as_ptr() == message.as_ptr(), kept, "{bytes} bytes, alone: {alone}");
        }
    }

    /// A kind whose repeats follow one another at once.
    fn kinds() -> Kinds {
        let backoff = Backoff { initial_ms: 0, max_ms: 0, ..Backoff::default() };
        Kinds([(3, KindPolicy { jitter_ms: 0, backoff, claimable: true, ..KindPolicy::default() })].into())
    }

    #[tokio::test]
    async fn a_session_shows_everything_but_its_keys() {
        let empty = RedbStore::in_memory().unwrap();
        let started = mpy6a_sessions::start(empty, Limits::default(), kinds(), Environment::real()).unwrap();
        let (sessions, mut claims) = (started.sessions, started.claims);
        let record = Some(Bytes::from_static(b"r"));
        let handle = sessions.open(New { kind: 3, record, ..New::default() }).await.unwrap().handle;
        sessions.operate(handle, 0, store(Some(0))).await.unwrap();
        let first = claims.recv().await.unwrap();
        let report = Report::bare(Outcome::Retry("later".to_owned()));
        sessions.finish(first.handle, Vec::new(), report).await.unwrap();
        let second = claims.recv().await.unwrap();

        let it = sessions.inspect(handle.id).await.unwrap().unwrap();
        let attempts = it.attempts.into_iter().map(attempt).collect();
        let shown = v1::GetSessionResponse { records: it.records, attempts, ..session(it.session) };
        assert_eq!(shown.id, Some(index(handle.id)));
        assert_eq!((shown.kind, shown.state(), shown.repeats), (3, v1::SessionState::Repeating, 2));
        assert_eq!(shown.due_ms, second.due.at_ms);
        assert_eq!(shown.records, [Bytes::from_static(b"r")]);
        let attempt = &shown.attempts[0];
        assert_eq!((attempt.outcome.as_str(), attempt.cause.as_str(), attempt.repeat), ("retry", "later", 1));
        for key in [handle.key, first.handle.key, second.handle.key] {
            let bytes = prost::Message::encode_to_vec(&shown);
            assert!(!bytes.windows(8).any(|window| window == key.0.to_le_bytes()));
            assert!(!format!("{shown:?}").contains(&key.0.to_string()));
        }
    }
}
