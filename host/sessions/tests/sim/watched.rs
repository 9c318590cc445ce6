//! A store that is watched: the real one, with a witness of what it was told to commit, and with the harness's own view of
//! its rows. Here too some promises are broken on purpose.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mpy6a_sessions::{
    Attempt, Due, Index, Inspected, Line, RequestName, Session,
    store::{ChangeSet, Found, Pause, SessionChange, Store, StoreError, TakeSnapshot, Tombstone, Waiting},
};

use crate::sabotage::Sabotage;

/// The store, shared between the writer that owns it and the harness that looks on.
#[derive(Clone)]
pub struct Watched {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    store: Box<dyn Store>,
    sabotage: Sabotage,
    /// Every session that may be there: the harness cannot list a store.
    known: Vec<Index>,
    kinds: Vec<u32>,
    found: Option<Rows>,
    commits: Vec<Commit>,
    commits_ever: u64,
}

/// What a commit was told to make durable.
#[derive(Clone, Debug)]
pub struct Commit {
    pub last: Index,
    pub now_ms: u64,
    pub sessions: Vec<SessionChange>,
    pub waiting: Vec<(u32, Waiting)>,
    pub remember: Vec<Tombstone>,
    pub forgotten: Vec<Index>,
    /// Whether it said that all of it is durable.
    pub done: bool,
}

/// All that a store holds.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub last: Option<Index>,
    /// The latest time of a commit, where it is known as the rest is.
    pub now_ms: Option<u64>,
    /// By id; those that are not there are left out.
    pub sessions: BTreeMap<Index, Inspected>,
    /// Of each kind, as the scheduler finds them.
    pub due: BTreeMap<u32, Vec<(Due, Index)>>,
    /// Of each kind, as people find them.
    pub parked: BTreeMap<u32, Vec<(Due, Index)>>,
    /// The rest is known only when a store has just been taken over.
    pub held: Option<Vec<Session>>,
    pub waiting: Option<BTreeMap<u32, Waiting>>,
    pub pauses: Option<BTreeMap<u32, Pause>>,
    pub tombstones: Option<Vec<Tombstone>>,
}

impl Watched {
    pub fn new(store: Box<dyn Store>, sabotage: Sabotage, known: Vec<Index>, kinds: Vec<u32>) -> Self {
        let inner = Inner { store, sabotage, known, kinds, found: None, commits: Vec::new(), commits_ever: 0 };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// What the store held when it was taken over, once.
    pub fn take_found(&self) -> Option<Rows> {
        self.lock().found.take()
    }

    /// What was committed, or failed to be, since the last time this was asked.
    pub fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.lock().commits)
    }

    /// One session with all that belongs to it.
    pub fn inspect(&self, id: Index) -> Result<Option<Inspected>, StoreError> {
        self.lock().inspect(id)
    }

    /// Everything: these sessions, and what is due of these kinds.
    pub fn rows(&self, known: Vec<Index>, kinds: Vec<u32>) -> Result<Rows, StoreError> {
        let mut inner = self.lock();
        (inner.known, inner.kinds) = (known, kinds);
        inner.rows()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn inspect(&self, id: Index) -> Result<Option<Inspected>, StoreError> {
        let Some(session) = self.store.session(id)? else { return Ok(None) };
        let records = self.store.records(&session)?;
        let attempts = self.store.attempts(&session)?;
        Ok(Some(Inspected { session, records, attempts, lease_left: None }))
    }

    fn rows(&self) -> Result<Rows, StoreError> {
        let mut rows = Rows::default();
        for id in &self.known {
            if let Some(inspected) = self.inspect(*id)? {
                rows.sessions.insert(*id, inspected);
            }
        }
        for kind in &self.kinds {
            let due = self.store.due(*kind, u64::MAX, usize::MAX)?;
            let line = self.store.waiting(*kind, Line::Stored, None, usize::MAX)?;
            if line != due {
                let what = format!("kind {kind}: due are {due:?}, and waiting in line {line:?}");
                return Err(StoreError::Damaged(what));
            }
            rows.due.insert(*kind, due);
            rows.parked.insert(*kind, self.store.waiting(*kind, Line::Parked, None, usize::MAX)?);
        }
        Ok(rows)
    }
}

impl Store for Watched {
    fn take_over(&mut self) -> Result<Found, StoreError> {
        let mut inner = self.lock();
        let mut found = inner.store.take_over()?;
        let rows = inner.rows()?;
        inner.found = Some(Rows {
            last: Some(found.last),
            now_ms: Some(found.now_ms),
            held: Some(found.held.clone()),
            waiting: Some(found.waiting.clone()),
            pauses: Some(found.pauses.clone()),
            tombstones: Some(found.tombstones.iter().flat_map(|(_, row)| row.iter()).cloned().collect()),
            ..rows
        });
        if inner.sabotage == Sabotage::ForgetHeld {
            found.held.pop();
        }
        Ok(found)
    }

    fn session(&self, id: Index) -> Result<Option<Session>, StoreError> {
        self.lock().store.session(id)
    }

    fn opened_by(&self, name: &RequestName) -> Result<Option<Index>, StoreError> {
        self.lock().store.opened_by(name)
    }

    fn records(&self, session: &Session) -> Result<Vec<Bytes>, StoreError> {
        self.lock().store.records(session)
    }

    fn attempts(&self, session: &Session) -> Result<Vec<Attempt>, StoreError> {
        self.lock().store.attempts(session)
    }

    fn due(&self, kind: u32, until_ms: u64, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError> {
        let inner = self.lock();
        let mut rows = inner.store.due(kind, until_ms, count_max)?;
        match inner.sabotage {
            // One row in eight is never found.
            Sabotage::LoseDue => rows.retain(|(_, id)| id.index % 8 != 0),
            Sabotage::DueOrder => rows.reverse(),
            _ => {}
        }
        Ok(rows)
    }

    fn waiting(
        &self,
        kind: u32,
        line: Line,
        after: Option<Due>,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError> {
        self.lock().store.waiting(kind, line, after, count_max)
    }

    fn snapshot(&mut self, take: TakeSnapshot) -> Result<(), StoreError> {
        self.lock().store.snapshot(take)
    }

    fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.commits_ever += 1;
        let nth = inner.commits_ever;
        let (last, now_ms) = (changes.last, changes.now_ms);
        let (sessions, waiting) = (changes.sessions.clone(), changes.waiting.clone());
        let remember = changes.remember.iter().flat_map(|(_, row)| row.iter()).cloned().collect();
        let forgotten = changes.forgotten.clone();
        let result = match inner.sabotage {
            Sabotage::SkipCommit if nth.is_multiple_of(16) => Ok(()),
            Sabotage::HalfCommit if nth.is_multiple_of(4) => inner.store.commit(half(changes)),
            Sabotage::GoOn => inner.store.commit(changes).or(Ok(())),
            _ => inner.store.commit(changes),
        };
        inner.commits.push(Commit { last, now_ms, sessions, waiting, remember, forgotten, done: result.is_ok() });
        result
    }

    fn poll(&mut self) -> Result<Option<Duration>, StoreError> {
        self.lock().store.poll()
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.lock().store.close()
    }
}

/// The sabotage of a commit that is not all or nothing: the second half of its sessions is left out.
fn half(mut changes: ChangeSet) -> ChangeSet {
    changes.sessions.truncate(changes.sessions.len().div_ceil(2));
    changes
}
