//! What earlier versions of this program wrote, as it is laid out: read, and never written.
//!
//! Version 1 of the rows of sessions, and of the log's frames, is from before sessions knew their origin. What a host had to
//! remember for retries lay in [`MemoryV1`]s then, under the `last` of the commit that brought them.
//!
//! Request ids were one space for all callers. They count as those of callers without an access: on a host with `[[access]]`, a
//! `New` that is retried over this upgrade is not known again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ChangeSet, RowKey, SessionChange, Tombstone, Waiting};
use crate::{
    attempt::Attempt,
    caller::{OpenedBy, Origin, RequestName},
    ids::{IdMap, Index},
    rules::{Opened, RecordsChange},
    session::{Client, Session, State},
};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionV1 {
    id: Index,
    kind: u32,
    change_id: Index,
    fence: Index,
    client: Client,
    state: State,
    created_ms: u64,
    stored_ms: u64,
    repeats: u32,
    records: u32,
    bytes: u64,
    attempts: u32,
    traceparent: Option<String>,
}

impl From<SessionV1> for Session {
    fn from(it: SessionV1) -> Self {
        Self {
            id: it.id,
            kind: it.kind,
            change_id: it.change_id,
            fence: it.fence,
            client: it.client,
            state: it.state,
            created_ms: it.created_ms,
            stored_ms: it.stored_ms,
            repeats: it.repeats,
            records: it.records,
            bytes: it.bytes,
            attempts: it.attempts,
            traceparent: it.traceparent,
            origin: Origin::default(),
        }
    }
}

/// Something remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryV1 {
    /// The answer to a `New` with a request id.
    Opened {
        /// The id.
        request_id: String,
        /// A hash of what was asked.
        fingerprint: u64,
        /// The answer.
        opened: Opened,
    },
    /// A session that is gone, and its client.
    Gone {
        /// The session.
        id: Index,
        /// Its client.
        client: Client,
    },
}

/// The session that a `New` opened, and the `New`.
#[must_use]
pub fn opened_by(memory: &MemoryV1) -> Option<(Index, OpenedBy)> {
    match memory {
        MemoryV1::Opened { request_id, fingerprint, opened } => {
            // None was ever longer than the limit.
            let name = RequestName::of_id(None, request_id).ok()?;
            Some((opened.handle.id, OpenedBy { name, fingerprint: *fingerprint }))
        }
        MemoryV1::Gone { .. } => None,
    }
}

/// What is remembered of a session that went in this commit, at this time, Unix milliseconds.
#[must_use]
pub fn tombstone(memory: MemoryV1, commit: Index, gone_ms: u64) -> Option<Tombstone> {
    match memory {
        MemoryV1::Opened { .. } => None,
        MemoryV1::Gone { id, client } => {
            // Which operation of the commit removed it was not written down.
            Some(Tombstone { id, gone: commit, gone_ms, client, origin: Origin::default(), unsettled: None })
        }
    }
}

/// A commit, but for its pauses.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeSetV1 {
    last: Index,
    now_ms: u64,
    sessions: Vec<SessionChangeV1>,
    waiting: Vec<(u32, Waiting)>,
    remember: Vec<(Index, Vec<MemoryV1>)>,
    forget: Vec<Index>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SessionChangeV1 {
    id: Index,
    after: Option<SessionV1>,
    records: RecordsChange,
    attempts: Vec<Attempt>,
}

impl From<ChangeSetV1> for ChangeSet {
    fn from(it: ChangeSetV1) -> Self {
        let memories = it.remember.iter().flat_map(|(_, memories)| memories);
        let opened: IdMap<OpenedBy> = memories.filter_map(opened_by).collect();
        let session = |change: SessionChangeV1| {
            let mut after = change.after.map(Session::from);
            if let Some(session) = &mut after {
                session.origin.request = opened.get(&change.id).copied();
            }
            SessionChange { id: change.id, before: None, after, records: change.records, attempts: change.attempts }
        };
        let sessions = it.sessions.into_iter().map(session).collect();
        let row = |(at, memories): (Index, Vec<MemoryV1>)| {
            let named = |mut tombstone: Tombstone| {
                tombstone.origin.request = opened.get(&tombstone.id).copied();
                tombstone
            };
            let gone = memories.into_iter().filter_map(|memory| tombstone(memory, at, it.now_ms)).map(named);
            (RowKey { at, group: 0 }, Arc::new(gone.collect::<Vec<_>>()))
        };
        let remember = it.remember.into_iter().map(row).filter(|(_, gone)| !gone.is_empty()).collect();
        let forget = it.forget.into_iter().map(|at| RowKey { at, group: 0 }).collect();
        let (waiting, forgotten, pauses) = (it.waiting, Vec::new(), Vec::new());
        Self { last: it.last, now_ms: it.now_ms, sessions, waiting, remember, forget, forgotten, pauses }
    }
}

/// Give sessions their origin whose changes are from before they had one: it is that of the session before.
pub fn carry_origins(changes: &mut ChangeSet) {
    let mut before = IdMap::default();
    for change in &mut changes.sessions {
        let Some(origin) = change.before.as_ref().map(|before| before.origin) else { continue };
        before.insert(change.id, origin);
        if let Some(after) = change.after.as_mut().filter(|after| after.origin == Origin::default()) {
            after.origin = origin;
        }
    }
    let gone = changes.remember.iter_mut().flat_map(|(_, row)| Arc::make_mut(row));
    for tombstone in gone.filter(|tombstone| tombstone.origin == Origin::default()) {
        tombstone.origin = before.get(&tombstone.id).copied().unwrap_or_default();
    }
}
