//! What the writer keeps: the store, and everything that is in step with it.

use std::{collections::BTreeMap, time::Duration};

use super::{
    batch::Batch,
    counts::Census,
    tombstones::{Fresh, Tombstones},
};
use crate::{
    ids::Index,
    limits::Limits,
    policy::Kinds,
    session::Session,
    store::{ChangeSet, Pause, SessionChange, Store, StoreError},
};

/// The store and what is known of it.
pub struct Ledger<S> {
    pub store: S,
    pub limits: Limits,
    pub kinds: Kinds,
    pub census: Census,
    /// The index of the last applied operation, with the present term.
    pub last: Index,
    /// The kinds that a person paused.
    pub pauses: BTreeMap<u32, Pause>,
    /// Those of them that are to be made durable with the next batch, and those that were resumed.
    fresh_pauses: Vec<(u32, Option<Pause>)>,
    /// What is remembered of sessions that are gone.
    pub tombstones: Tombstones,
}

impl<S: Store> Ledger<S> {
    /// Take a store over. Also answers the sessions that somebody held, by id, and the latest time in it, Unix
    /// milliseconds.
    pub fn take_over(
        mut store: S,
        limits: Limits,
        kinds: Kinds,
        monotonic: Duration,
    ) -> Result<(Self, Vec<Session>, u64), StoreError> {
        let found = store.take_over()?;
        let census = Census::new(&found.waiting, &found.held);
        let longest_lease = Duration::from_millis(kinds.longest_lease_ms());
        let tombstones = Tombstones::load(limits.retries, found.tombstones, longest_lease, monotonic);
        let (last, pauses) = (found.last, found.pauses);
        let ledger = Self { store, limits, kinds, census, last, pauses, fresh_pauses: Vec::new(), tombstones };
        Ok((ledger, found.held, found.now_ms))
    }

    /// The kinds are these from now on.
    pub fn set_kinds(&mut self, kinds: Kinds) {
        self.tombstones.set_longest_lease(Duration::from_millis(kinds.longest_lease_ms()));
        self.kinds = kinds;
    }

    /// Begin a batch at this time, Unix milliseconds, and on the monotonic clock.
    pub fn begin(&mut self, now_ms: u64, monotonic: Duration) -> Batch<'_, S> {
        self.tombstones.look(monotonic);
        Batch::new(&self.store, (&self.limits, &self.kinds), &mut self.tombstones, self.last, now_ms)
    }

    /// Pause a kind, or resume it. Durable with the next batch.
    pub fn pause(&mut self, kind: u32, pause: Option<Pause>) {
        match pause {
            Some(pause) => self.pauses.insert(kind, pause),
            None => self.pauses.remove(&kind),
        };
        self.fresh_pauses.push((kind, pause));
    }

    /// Make a batch durable.
    pub fn commit(&mut self, last: Index, sessions: Vec<SessionChange>, now_ms: u64) -> Result<(), StoreError> {
        let pauses = std::mem::take(&mut self.fresh_pauses);
        if last == self.last && pauses.is_empty() {
            return Ok(());
        }
        self.last = last;
        let waiting = self.census.update(&sessions);
        let Fresh { remember, forget, forgotten } = self.tombstones.take_fresh(last);
        self.store.commit(ChangeSet { last, now_ms, sessions, waiting, remember, forget, forgotten, pauses })
    }
}
