//! What is remembered of sessions that are gone, and when it may be forgotten (section 3 of the design: retries are safe).
//!
//! The model does not say when the host must forget. It says when it may not:
//!
//! * what a named client may still ask for, while that client was heard of within its lease;
//! * what the others may ask for, while no more than the bound of these is remembered.

use std::{collections::BTreeSet, time::Duration};

use mpy6a_sessions::{Caller, ClientId, Handle, Index, Opened, RequestName, Session, Standing, store::Tombstone};

use super::{Model, Moment, Violation};
use crate::watched::Commit;

/// A named client.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// It has the answers to all its requests below this number.
    settled_below: u64,
    /// Until when what it may ask for is surely remembered, on the monotonic clock.
    until: Duration,
    /// What went before this is not: the client was silent for too long since.
    since: Index,
}

impl Model {
    /// A caller sent something.
    pub(super) fn hear(&mut self, caller: &Caller, moment: Moment) {
        let Some(client) = caller.client else { return };
        let until = moment.monotonic + Duration::from_millis(self.kinds.longest_lease_ms());
        let named = self.named.entry(client.id).or_insert(Named { settled_below: 0, until, since: self.last });
        if named.until <= moment.monotonic {
            named.since = self.last;
        }
        named.settled_below = named.settled_below.max(client.settled_below);
        named.until = named.until.max(until);
    }

    /// A new host counts every client as heard of whose answers it found.
    pub(super) fn hear_all(&mut self, moment: Moment) {
        self.named.clear();
        for tombstone in self.gone.values() {
            let Some(client) = client_of(tombstone) else { continue };
            let until = moment.monotonic + Duration::from_millis(self.kinds.longest_lease_ms());
            let named = self.named.entry(client).or_insert(Named { settled_below: 0, until, since: Index::default() });
            named.until = named.until.max(until);
        }
    }

    /// Below which number this client has settled its requests, as the host surely knows.
    pub(super) fn settled_below(&self, client: ClientId) -> u64 {
        self.named.get(&client).map_or(0, |named| named.settled_below)
    }

    /// What the `New` of this name was answered, and its fingerprint.
    pub(super) fn answer_to(&self, name: &RequestName) -> Option<(u64, Opened)> {
        let live = self.sessions.values().map(|kept| &kept.session);
        let live = live.map(|session| (session.id, &session.client, session.origin));
        let gone = self.gone.values().map(|tombstone| (tombstone.id, &tombstone.client, tombstone.origin));
        let mut all = live.chain(gone).filter_map(|(id, client, origin)| Some((id, client, origin.request?)));
        let (id, client, by) = all.find(|(.., by)| by.name == *name)?;
        let handle = Handle { id, key: client.key };
        Some((by.fingerprint, Opened { handle, fence: id, lease_ms: client.lease_ms }))
    }

    /// A store forgets whole rows: what a new host finds besides is remembered again.
    pub fn remember_again(&mut self, found: &[Tombstone]) {
        for tombstone in found {
            if self.forgotten.get(&tombstone.id) == Some(tombstone) {
                self.forgotten.remove(&tombstone.id);
                self.gone.insert(tombstone.id, tombstone.clone());
            }
        }
    }

    /// A session went: by this operation, which took this index.
    pub(super) fn bury(&mut self, session: Session, moment: Moment) {
        let opened_by = session.origin.request.map(|by| by.name).filter(|name| name.number != 0);
        let last = session.client.last.map_or(0, |last| last.number);
        let opened_by = opened_by.filter(|_| !session.origin.handed_on);
        let unsettled = opened_by.map(|name| name.number.max(last));
        if let Some(name) = opened_by {
            // A client that is not known may have been silent because the host was away.
            let until = moment.monotonic + Duration::from_millis(self.kinds.longest_lease_ms());
            self.named.entry(name.caller).or_insert(Named { settled_below: 0, until, since: Index::default() });
        }
        let Session { id, client, origin, .. } = session;
        let tombstone = Tombstone { id, gone: self.last, gone_ms: moment.now_ms, client, origin, unsettled };
        self.gone.insert(id, tombstone);
    }

    /// What a commit remembers and forgets.
    pub(super) fn adopt_tombstones(&mut self, before: &Self, commit: &Commit, moment: Moment) -> Result<(), Violation> {
        let fresh: BTreeSet<_> = self.gone.keys().filter(|id| !before.gone.contains_key(id)).copied().collect();
        for seen in &commit.remember {
            // One that was remembered before may be written anew.
            let should = self.gone.get(&seen.id);
            if should != Some(seen) {
                return Err(format!("remembered is\n  {seen:?}, and should be\n  {should:?}"));
            }
        }
        let written = |id: &Index| commit.remember.iter().any(|seen| seen.id == *id);
        if let Some(id) = fresh.iter().find(|id| !written(id) && !commit.forgotten.contains(id)) {
            return Err(format!("nothing is remembered of {id}"));
        }
        let mut for_want_of_room = 0;
        for id in &commit.forgotten {
            let Some(tombstone) = self.gone.remove(id) else {
                return Err(format!("{id} is forgotten, and was not remembered"));
            };
            self.forgotten.insert(*id, tombstone.clone());
            let named = client_of(&tombstone).and_then(|client| self.named.get(&client));
            let settled = named.is_some_and(|named| tombstone.unsettled < Some(named.settled_below));
            if settled && tombstone.client.standing != Standing::Lost {
                continue;
            }
            for_want_of_room += 1;
            let sure = |named: &Named| named.until > moment.monotonic && tombstone.gone > named.since;
            if !settled && named.is_some_and(sure) {
                return Err(format!("forgotten is {tombstone:?}, which its client, {named:?}, may still ask for"));
            }
        }
        if for_want_of_room > 0 && self.gone.len() < self.limits.retries.unnamed_max {
            let count = self.gone.len();
            return Err(format!("{for_want_of_room} were forgotten for want of room, and {count} are left"));
        }
        Ok(())
    }
}

/// The named client that may still ask for something about a session that is gone.
fn client_of(tombstone: &Tombstone) -> Option<ClientId> {
    tombstone.unsettled.and(tombstone.origin.request).map(|by| by.name.caller)
}
