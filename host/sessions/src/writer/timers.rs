//! What happens by itself: leases end, pipelines break, sessions fall due, runs free their workers.

use std::time::Duration;

use super::{leases::Leases, pipelines::Pipelines, schedule::Schedule};
use crate::{
    ids::{Handle, IdMap, Index, Key},
    session::{Due, Session, State},
    store::{SessionChange, Store, StoreError},
};

/// Leases, pipelines, due times and workers.
#[derive(Default)]
pub struct Timers {
    pub leases: Leases,
    pub pipelines: Pipelines,
    pub schedule: Schedule,
    /// The runs in flight, by session, with their keys and kinds.
    runs: IdMap<(Key, u32)>,
}

impl Timers {
    /// Begin the lease of an active session, or begin it again.
    pub fn grant(&mut self, session: &Session, now: Duration) {
        let lease = Duration::from_millis(session.client.lease_ms);
        self.leases.grant(session.client_handle(), lease, now);
    }

    /// Keep in step with a committed change.
    pub fn follow(&mut self, change: &SessionChange, now: Duration) {
        self.pipelines.follow(change);
        let due = |session: &Option<Session>| {
            session.as_ref().and_then(|session| session.state.due().map(|due| (session.kind, due.at_ms)))
        };
        if let Some((kind, at_ms)) = due(&change.before) {
            self.schedule.unstored(kind, at_ms);
        }
        if let Some((kind, at_ms)) = due(&change.after) {
            self.schedule.stored(kind, at_ms);
        }
        match &change.after {
            Some(session) if session.state == State::Active => self.grant(session, now),
            _ => self.leases.end(change.id),
        }
    }

    /// A run begins: it takes one of its kind's workers.
    pub fn run_began(&mut self, session: &Session) {
        if let State::Repeating { key, .. } = session.state {
            self.runs.insert(session.id, (key, session.kind));
            self.schedule.began(session.kind);
        }
    }

    /// A run has ended, whatever becomes of its last operations: its worker is free. That of a later run over the same
    /// session is not: the key tells them apart.
    pub fn run_ended(&mut self, handle: Handle) {
        if let Some((key, kind)) = self.runs.get(&handle.id).copied()
            && key == handle.key
        {
            self.runs.remove(&handle.id);
            self.schedule.ended(kind);
        }
    }

    /// The sessions that a client or a run holds, by id, those behind `after` where it is given, at most `count_max`. Whether
    /// the session of a run is still its own, the store knows.
    pub fn held(&self, after: Option<Index>, count_max: usize) -> Vec<Index> {
        let ids = self.leases.ids().chain(self.runs.keys().copied());
        let mut ids: Vec<_> = ids.filter(|id| after.is_none_or(|after| *id > after)).collect();
        if ids.len() > count_max {
            ids.select_nth_unstable(count_max);
            ids.truncate(count_max);
        }
        ids.sort_unstable();
        ids
    }

    /// The sessions to claim now, in the order of their due times: of every kind with free workers as many as it has.
    pub fn claimable<S: Store>(&mut self, store: &S, now_ms: u64) -> Result<Vec<(Due, Index)>, StoreError> {
        let mut claimable = Vec::new();
        for (kind, free) in self.schedule.wanting(now_ms) {
            // One more than can run: the first that is not claimed tells when to look again.
            let mut rows = store.due(kind, u64::MAX, free.saturating_add(1))?;
            let due = rows.iter().take(free).take_while(|(due, _)| due.at_ms <= now_ms).count();
            let head = rows.get(due).map(|(due, _)| due.at_ms);
            self.schedule.learned(kind, head);
            claimable.extend(rows.drain(..due));
        }
        claimable.sort_unstable();
        Ok(claimable)
    }
}
