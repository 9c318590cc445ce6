//! What people ask of the store: one session whole, or a part of all.

use std::collections::BTreeMap;

use super::{
    Now, Writer,
    message::{Inspected, Listed, Overview, Page, Part},
};
use crate::{
    ids::Index,
    limits::LIST_MAX,
    session::{Due, Line, Session},
    store::{Store, StoreError},
};

impl<S: Store> Writer<S> {
    pub(super) fn inspect(&self, id: Index, now: Now) -> Result<Option<Inspected>, StoreError> {
        let store = &self.ledger.store;
        let Some(session) = store.session(id)? else { return Ok(None) };
        let records = store.records(&session)?;
        let attempts = store.attempts(&session)?;
        let lease_left = self.timers.leases.left(id, now.monotonic);
        Ok(Some(Inspected { session, records, attempts, lease_left }))
    }

    pub(super) fn list(&self, part: Part, now: Now) -> Result<Page, StoreError> {
        let (sessions, next) = match part {
            Part::Held(after) => self.held(after)?,
            Part::Waiting(kind, line, after) => self.waiting(kind, line, after)?,
        };
        let listed = sessions.into_iter().map(|session| {
            let last = if session.attempts == 0 { None } else { self.ledger.store.attempts(&session)?.pop() };
            let lease_left = self.timers.leases.left(session.id, now.monotonic);
            Ok(Listed { session, last, lease_left })
        });
        Ok(Page { sessions: listed.collect::<Result<_, StoreError>>()?, next })
    }

    pub(super) fn heads(&self) -> Result<BTreeMap<u32, Due>, StoreError> {
        let mut heads = BTreeMap::new();
        let stored = self.ledger.census.counts().iter().filter(|(_, counts)| counts.stored > 0);
        for (kind, _) in stored {
            // As the scheduler asks, for that costs the same however many were claimed since the last checkpoint.
            let first = self.ledger.store.due(*kind, u64::MAX, 1)?;
            heads.extend(first.first().map(|(due, _)| (*kind, *due)));
        }
        Ok(heads)
    }

    pub(super) fn overview(&self, now: Now) -> Result<Overview, StoreError> {
        let counts = self.ledger.census.counts().clone();
        let remembered = self.ledger.tombstones.remembered(now.wall_ms());
        Ok(Overview { counts, pauses: self.ledger.pauses.clone(), heads: self.heads()?, remembered })
    }

    fn held(&self, after: Option<Index>) -> Result<(Vec<Session>, Option<Part>), StoreError> {
        let ids = self.timers.held(after, LIST_MAX);
        let next = ids.get(LIST_MAX - 1).map(|last| Part::Held(Some(*last)));
        let mut sessions = Vec::with_capacity(ids.len());
        for id in ids {
            sessions.extend(self.ledger.store.session(id)?);
        }
        Ok((sessions, next))
    }

    fn waiting(&self, kind: u32, line: Line, after: Option<Due>) -> Result<(Vec<Session>, Option<Part>), StoreError> {
        let places = self.ledger.store.waiting(kind, line, after, LIST_MAX)?;
        let next = places.get(LIST_MAX - 1).map(|(last, _)| Part::Waiting(kind, line, Some(*last)));
        let session = |(place, id)| match self.ledger.store.session(id)? {
            Some(session) if session.place_in(line) == Some(place) => Ok(session),
            _ => Err(StoreError::Damaged(format!("session {id} is listed in a line in which it does not wait"))),
        };
        Ok((places.into_iter().map(session).collect::<Result<_, _>>()?, next))
    }
}
