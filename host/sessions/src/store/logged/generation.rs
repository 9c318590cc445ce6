//! A generation: what became of every session between two checkpoints, in memory.
//!
//! Each session that changed has one [`SessionChange`]: `before` is what the layer below has of it, `after` what it is now, and
//! in between all the changes are merged into one. A session that came and went leaves nothing at all.
//!
//! Invariants: `lines` has a row for each entry that waits, and no other; `bytes` is what the entries weigh.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    ops::Bound,
};

use crate::{
    attempt::Attempt,
    caller::RequestName,
    ids::{IdMap, Index},
    rules::RecordsChange,
    session::{Due, Line, Session},
    store::{ChangeSet, Pause, Row, RowKey, SessionChange, Tombstone, Waiting, redb::Rows},
};

/// What happened since the last checkpoint.
#[derive(Debug, Default)]
pub struct Generation {
    /// Boxed, so that the map grows by moving pointers: the writer waits for that.
    sessions: IdMap<Box<SessionChange>>,
    lines: BTreeMap<(u32, Line, Due), Index>,
    pauses: BTreeMap<u32, Option<Pause>>,
    waiting: BTreeMap<u32, Waiting>,
    /// The sessions among the entries that were opened here, by the name of their `New`.
    requests: HashMap<RequestName, Index>,
    remember: BTreeMap<RowKey, Row>,
    forget: Vec<RowKey>,
    last: Index,
    now_ms: u64,
    bytes: usize,
}

/// What an entry takes beside its records and attempts, in bytes: itself, its places in the maps, which have room for more,
/// and what the allocator adds.
const ENTRY_BYTES: usize = size_of::<SessionChange>() + 200;
/// What a record takes beside its bytes: its place in a list that has room for more, and what the allocator adds.
const RECORD_BYTES: usize = 96;
/// What an attempt takes beside its texts.
const ATTEMPT_BYTES: usize = size_of::<Attempt>() + 32;
/// What a tombstone takes.
const TOMBSTONE_BYTES: usize = size_of::<Tombstone>();

impl Generation {
    /// What became of a session, if it changed.
    #[must_use]
    pub fn get(&self, id: Index) -> Option<&SessionChange> {
        self.sessions.get(&id).map(Box::as_ref)
    }

    /// The session that the `New` of this name opened here.
    #[must_use]
    pub fn opened_by(&self, name: &RequestName) -> Option<Index> {
        self.requests.get(name).copied()
    }

    /// What it takes in memory, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The index of the last operation in it; zeroes if nothing happened.
    #[must_use]
    pub fn last(&self) -> Index {
        self.last
    }

    /// The sessions of a kind in this line among the entries, in order, those behind `after` where it is given.
    pub fn waiting(&self, kind: u32, line: Line, after: Option<Due>) -> impl Iterator<Item = (Due, Index)> {
        let first = after.map_or(Bound::Included((kind, line, Due { at_ms: 0, stored: Index::default() })), |after| {
            Bound::Excluded((kind, line, after))
        });
        let last = Due { at_ms: u64::MAX, stored: Index { term: u64::MAX, index: u64::MAX } };
        self.lines.range((first, Bound::Included((kind, line, last)))).map(|((.., place), id)| (*place, *id))
    }

    /// Add the changes of one commit.
    pub fn merge(&mut self, changes: ChangeSet) {
        self.last = changes.last;
        self.now_ms = self.now_ms.max(changes.now_ms);
        for change in changes.sessions {
            self.merge_session(change);
        }
        self.waiting.extend(changes.waiting);
        self.pauses.extend(changes.pauses);
        for (row, tombstones) in changes.remember {
            self.bytes += tombstones.len() * TOMBSTONE_BYTES;
            self.remember.insert(row, tombstones);
        }
        for row in changes.forget {
            match self.remember.remove(&row) {
                Some(tombstones) => self.bytes -= tombstones.len() * TOMBSTONE_BYTES,
                // A layer below has it.
                None => self.forget.push(row),
            }
        }
    }

    /// The rows that a checkpoint writes, sessions in the order of their ids.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        let mut sessions: Vec<_> = self.sessions.values().map(Box::as_ref).collect();
        sessions.sort_unstable_by_key(|change| change.id);
        let remember = self.remember.iter().map(|(row, tombstones)| (*row, tombstones.as_slice())).collect();
        let mut forget = self.forget.clone();
        forget.sort_unstable();
        Rows {
            last: self.last,
            now_ms: self.now_ms,
            sessions,
            waiting: self.waiting.iter().map(|(kind, waiting)| (*kind, *waiting)).collect(),
            remember,
            forget,
            pauses: self.pauses.iter().map(|(kind, pause)| (*kind, *pause)).collect(),
        }
    }

    fn merge_session(&mut self, change: SessionChange) {
        // Of the session as it was here before this change.
        let mut opened_by = None;
        let kept = match self.sessions.entry(change.id) {
            Entry::Vacant(entry) => {
                if change.before.is_none() && change.after.is_none() {
                    return;
                }
                self.bytes += ENTRY_BYTES + weight(&change.records) + attempts_weight(&change.attempts);
                if let (None, Some(name)) = (&change.before, request(&change.after)) {
                    self.requests.insert(name, change.id);
                }
                entry.insert(Box::new(change))
            }
            Entry::Occupied(entry) => {
                let merged = entry.into_mut();
                opened_by = request(&merged.after);
                if let Some(row) = row(&merged.after) {
                    self.lines.remove(&row);
                }
                self.bytes += weight(&change.records) + attempts_weight(&change.attempts);
                self.bytes -= add(merged, change);
                merged
            }
        };
        if kept.before.is_none() && kept.after.is_none() {
            self.bytes -= ENTRY_BYTES;
            let id = kept.id;
            self.sessions.remove(&id);
            if let Some(name) = opened_by.filter(|name| self.requests.get(name) == Some(&id)) {
                self.requests.remove(&name);
            }
        } else if let Some(row) = row(&kept.after) {
            self.lines.insert(row, kept.id);
        }
    }
}

/// Add a later change. Answers the weight of what it made void.
fn add(merged: &mut SessionChange, later: SessionChange) -> usize {
    let mut void = 0;
    let begins_anew = merged.after.is_none();
    merged.after = later.after;
    if later.records.clear {
        void += weight(&merged.records);
    }
    merged.records.then(later.records);
    // What lies below was of the session that is gone.
    merged.records.clear |= begins_anew;
    merged.attempts.extend(later.attempts);
    merged.attempts.sort_by_key(|attempt| attempt.fence);
    let kept = merged.after.as_ref().map_or(0, |session| usize::try_from(session.attempts).unwrap_or(usize::MAX));
    let pushed_out = merged.attempts.len().saturating_sub(kept);
    void += attempts_weight(&merged.attempts[..pushed_out]);
    merged.attempts.drain(..pushed_out);
    if merged.after.is_none() {
        void += weight(&merged.records);
        merged.records = RecordsChange::default();
    }
    void
}

fn request(session: &Option<Session>) -> Option<RequestName> {
    session.as_ref()?.origin.request.map(|by| by.name)
}

fn row(session: &Option<Session>) -> Option<(u32, Line, Due)> {
    let session = session.as_ref()?;
    session.place().map(|(line, place)| (session.kind, line, place))
}

fn weight(records: &RecordsChange) -> usize {
    records.append.iter().map(|record| RECORD_BYTES + record.len()).sum()
}

fn attempts_weight(attempts: &[Attempt]) -> usize {
    let texts = |attempt: &Attempt| attempt.report.log_tail.len() + attempt.report.outcome.cause().len();
    attempts.iter().map(|attempt| ATTEMPT_BYTES + texts(attempt)).sum()
}
