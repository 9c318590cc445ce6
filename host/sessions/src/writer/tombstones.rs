//! What is remembered of sessions that are gone, so that a retry gets the first answer.
//!
//! A live session needs nothing here: its own row answers a retry of its client's last operation, and of the `New` that
//! opened it. When it goes, a [`Tombstone`] takes its place, for as long as a retry may come:
//!
//! | opened by | forgotten |
//! |---|---|
//! | a [named client](crate::caller) | when the client says that it has settled every request about the session |
//! | a named client that is not heard of for as long as its longest lease | as by any other |
//! | any other | when more than [`RetryLimits::unnamed_max`] of these are remembered |
//!
//! So what a named client costs follows from what it has under way, whatever its rate. What the others cost is a number, and
//! how far back in time it reaches follows from their rate: [`Remembered::reach_ms`].
//!
//! Each [access](crate::caller::Access) has a share. Where there is no room, the oldest goes of the access that has most, so
//! nobody pushes out the answers of others who are modest.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use crate::{
    caller::{Access, Caller, ClientId, RequestName},
    error::Refusal,
    ids::{IdMap, Index},
    limits::{BATCH_OPS_MAX, RetryLimits},
    rules::Opened,
    session::{Client, Standing},
    store::{Row, RowKey, Tombstone},
};

/// What is remembered now, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Sessions that are gone, of callers without a name.
    pub unnamed: u64,
    /// Sessions that are gone, of named clients.
    pub named: u64,
    /// Named clients.
    pub clients: u64,
    /// How far back in time what is remembered of callers without a name reaches, in milliseconds: every session of theirs that
    /// went since is still known. None while nothing was ever pushed out.
    pub reach_ms: Option<u64>,
    /// The longest lease of all kinds, in milliseconds: how late a retry may come.
    pub longest_lease_ms: u64,
}

/// A pause between two looks at the clock counts for no longer than this. The host slept, or was stopped for a while, and
/// then it is not its clients that were silent.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How much of what clients settled one commit forgets: some four times what a full one brings, so that a client that settles
/// all at once holds up nobody.
const SETTLED_MAX: usize = 4 * BATCH_OPS_MAX;

/// Everything remembered.
#[derive(Default)]
pub struct Tombstones {
    bounds: RetryLimits,
    /// The longest lease of all kinds: how long a named client may be silent.
    longest_lease: Duration,
    /// For how long the host was awake, and when it last looked at the monotonic clock.
    awake: Duration,
    looked: Duration,
    by_id: IdMap<Place>,
    rows: HashMap<RowKey, Kept>,
    by_request: HashMap<RequestName, Index>,
    shares: BTreeMap<Access, Share>,
    clients: HashMap<ClientId, Named>,
    unnamed: usize,
    named: usize,
    /// Named clients that settled something since the last commit.
    settled: VecDeque<ClientId>,
    /// Rows that are not yet in the store, each with how many of it are remembered; and the first index in them, by which
    /// they are named.
    fresh: BTreeMap<RowKey, (Vec<Tombstone>, usize)>,
    batch: Option<Index>,
    /// Forgotten since the last commit, and the rows of which nothing is left.
    forgotten: Vec<Index>,
    forgotten_rows: Vec<RowKey>,
    /// When the latest of those went that were forgotten for want of room, Unix milliseconds.
    pushed_out_ms: Option<u64>,
}

/// Where a tombstone is: in which row, and where in it.
#[derive(Clone, Copy)]
struct Place {
    row: RowKey,
    at: usize,
}

/// A row, and how many of it are remembered.
struct Kept {
    tombstones: Row,
    left: usize,
}

/// What a commit has to write and to forget.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// See [`ChangeSet::remember`](crate::store::ChangeSet::remember).
    pub remember: Vec<(RowKey, Row)>,
    /// See [`ChangeSet::forget`](crate::store::ChangeSet::forget).
    pub forget: Vec<RowKey>,
    /// See [`ChangeSet::forgotten`](crate::store::ChangeSet::forgotten).
    pub forgotten: Vec<Index>,
}

/// What one access has of it.
#[derive(Default)]
struct Share {
    /// Unnamed tombstones, in the order in which they are forgotten.
    unnamed: VecDeque<Index>,
    /// Those of named clients: the index that removed the session, and its id.
    named: BTreeSet<(Index, Index)>,
    /// Named clients, by when to look whether they were silent for too long, in time that the host was awake.
    clients: BTreeSet<(Duration, ClientId)>,
}

/// A named client.
struct Named {
    access: Access,
    settled_below: u64,
    /// When it was last heard of, in time that the host was awake.
    heard: Duration,
    /// How long it may be silent.
    patience: Duration,
    /// Under which time it stands in its share.
    look: Duration,
    /// Its tombstones, by the last request about them that it may repeat.
    unsettled: BTreeSet<(u64, Index)>,
    /// The largest number of a `New` of its whose answer may have been forgotten for want of room.
    given_up: u64,
}

impl Tombstones {
    /// What a store remembered, by when it went. `monotonic`: now, when every client counts as heard of.
    pub fn load(bounds: RetryLimits, stored: Vec<(RowKey, Row)>, monotonic: Duration) -> Self {
        let mut tombstones = Self { bounds, looked: monotonic, ..Self::default() };
        for (row, stored) in stored {
            tombstones.rows.insert(row, Kept { tombstones: Arc::clone(&stored), left: stored.len() });
            for (at, tombstone) in stored.iter().enumerate() {
                if let (Some(_), Some(by)) = (tombstone.unsettled, tombstone.origin.request) {
                    let lease = Duration::from_millis(tombstone.client.lease_ms);
                    tombstones.hear(by.name.caller, tombstone.origin.access, 0, lease);
                }
                tombstones.keep(tombstone, Place { row, at });
            }
        }
        tombstones
    }

    /// The longest lease of all kinds, from now on.
    pub fn set_longest_lease(&mut self, longest_lease: Duration) {
        self.longest_lease = longest_lease;
    }

    /// A caller sent something.
    pub fn heard(&mut self, caller: &Caller, monotonic: Duration) {
        if let Some(client) = caller.client {
            self.look(monotonic);
            self.hear(client.id, caller.access, client.settled_below, self.longest_lease);
        }
    }

    /// Whether a named client may still ask for this request.
    pub fn check_unsettled(&self, client: ClientId, number: u64) -> Result<(), Refusal> {
        match self.clients.get(&client) {
            Some(Named { settled_below, .. }) if number < *settled_below => {
                Err(Refusal::RequestSettled { number, settled_below: *settled_below })
            }
            _ => Ok(()),
        }
    }

    /// Whether a `New` of a named client of which nothing is known is a fresh one. It may be one whose answer was forgotten for
    /// want of room, and then it must not open a second session.
    pub fn check_fresh(&self, client: ClientId, number: u64) -> Result<(), Refusal> {
        match self.clients.get(&client) {
            Some(Named { given_up, .. }) if number <= *given_up => {
                Err(Refusal::RequestSettled { number, settled_below: given_up.saturating_add(1) })
            }
            _ => Ok(()),
        }
    }

    /// What the `New` of this name was answered that opened a session which is gone, and its fingerprint.
    pub fn opened_by(&self, name: &RequestName) -> Option<(u64, Opened)> {
        let tombstone = self.get(*self.by_request.get(name)?)?;
        Some((tombstone.origin.request?.fingerprint, Opened::of(tombstone.id, &tombstone.client)))
    }

    /// The client of a session that is gone.
    pub fn client(&self, id: Index) -> Option<&Client> {
        self.get(id).map(|tombstone| &tombstone.client)
    }

    fn get(&self, id: Index) -> Option<&Tombstone> {
        let Place { row, at } = self.by_id.get(&id)?;
        match self.rows.get(row) {
            Some(kept) => kept.tombstones.get(*at),
            None => self.fresh.get(row)?.0.get(*at),
        }
    }

    /// Remember a session that is gone from now on.
    pub fn remember(&mut self, tombstone: Tombstone) {
        let at = *self.batch.get_or_insert(tombstone.gone);
        let row = RowKey { at, group: group_of(&tombstone) };
        let (tombstones, left) = self.fresh.entry(row).or_default();
        let place = Place { row, at: tombstones.len() };
        tombstones.push(tombstone.clone());
        *left += 1;
        self.keep(&tombstone, place);
    }

    /// What the next commit has to write and to forget. Nothing is forgotten but here, so that what is remembered is what the
    /// store has, whatever becomes of the host.
    pub fn take_fresh(&mut self, monotonic: Duration) -> Fresh {
        self.look(monotonic);
        self.settle();
        self.release_silent();
        self.make_room();
        let mut remember = Vec::with_capacity(self.fresh.len());
        // A row that was forgotten within the batch that brought it is never written.
        for (row, (tombstones, left)) in std::mem::take(&mut self.fresh).into_iter().filter(|(_, (_, left))| *left > 0)
        {
            let tombstones = Arc::new(tombstones);
            self.rows.insert(row, Kept { tombstones: Arc::clone(&tombstones), left });
            remember.push((row, tombstones));
        }
        self.batch = None;
        let (forget, forgotten) = (std::mem::take(&mut self.forgotten_rows), std::mem::take(&mut self.forgotten));
        Fresh { remember, forget, forgotten }
    }

    /// What is remembered now.
    pub fn remembered(&self, now_ms: u64) -> Remembered {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Remembered {
            unnamed: count(self.unnamed),
            named: count(self.named),
            clients: count(self.clients.len()),
            reach_ms: self.pushed_out_ms.map(|gone_ms| now_ms.saturating_sub(gone_ms)),
            longest_lease_ms: u64::try_from(self.longest_lease.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Time has passed.
    fn look(&mut self, monotonic: Duration) {
        self.awake += monotonic.saturating_sub(self.looked).min(PAUSE_MAX);
        self.looked = monotonic;
    }

    fn hear(&mut self, id: ClientId, access: Access, settled_below: u64, patience: Duration) {
        if !self.clients.contains_key(&id) {
            self.make_room_for_a_client();
        }
        let (shares, now) = (&mut self.shares, self.awake);
        let client = self.clients.entry(id).or_insert_with(|| {
            let look = now.saturating_add(patience);
            shares.entry(access).or_default().clients.insert((look, id));
            Named { access, settled_below: 0, heard: now, patience, look, unsettled: BTreeSet::new(), given_up: 0 }
        });
        client.heard = now;
        client.patience = client.patience.max(patience);
        if settled_below > client.settled_below {
            client.settled_below = settled_below;
            let first = client.unsettled.first();
            if first.is_some_and(|(number, _)| *number < settled_below) {
                self.settled.push_back(id);
            }
        }
    }

    /// Forget what named clients have settled; of more than [`SETTLED_MAX`], the rest with the next commits.
    fn settle(&mut self) {
        let mut settled = Vec::new();
        while settled.len() < SETTLED_MAX
            && let Some(id) = self.settled.pop_front()
        {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            let below = client.settled_below;
            while settled.len() < SETTLED_MAX
                && let Some(first) = client.unsettled.first().filter(|(number, _)| *number < below).copied()
            {
                client.unsettled.remove(&first);
                settled.push(first.1);
            }
            if settled.len() == SETTLED_MAX {
                self.settled.push_back(id);
            }
        }
        settled.into_iter().for_each(|id| self.forget_settled(id));
    }

    /// The client of a tombstone will not ask for an answer again.
    fn forget_settled(&mut self, id: Index) {
        // A client that lost the session does not know yet: what it does next is still to be told so.
        if self.get(id).is_some_and(|tombstone| tombstone.client.standing == Standing::Lost) {
            self.count_as_unnamed(id);
        } else {
            self.forget_named(id);
        }
    }

    /// Make a tombstone findable, and count it.
    fn keep(&mut self, tombstone: &Tombstone, place: Place) {
        let Tombstone { id, gone, origin, .. } = *tombstone;
        let client = origin.request.and_then(|by| Some((by.name.caller, self.clients.get_mut(&by.name.caller)?)));
        let share = self.shares.entry(origin.access).or_default();
        match client.zip(tombstone.unsettled) {
            Some(((name, client), number)) => {
                client.unsettled.insert((number, id));
                if number < client.settled_below {
                    self.settled.push_back(name);
                }
                share.named.insert((gone, id));
                self.named += 1;
            }
            None => {
                share.unnamed.push_back(id);
                self.unnamed += 1;
            }
        }
        if let Some(by) = origin.request {
            self.by_request.insert(by.name, id);
        }
        self.by_id.insert(id, place);
    }

    /// Forget the tombstone of a named client. Its client's list has to be seen to before.
    fn forget_named(&mut self, id: Index) {
        let Some((gone, access)) = self.get(id).map(|tombstone| (tombstone.gone, tombstone.origin.access)) else {
            return;
        };
        if let Some(share) = self.shares.get_mut(&access) {
            self.named -= usize::from(share.named.remove(&(gone, id)));
        }
        self.forget(id);
    }

    /// What is left to do about a tombstone that is in no list any more. When it went, Unix milliseconds.
    fn forget(&mut self, id: Index) -> Option<u64> {
        let &Tombstone { origin, gone_ms, .. } = self.get(id)?;
        if let Some(by) = origin.request
            && self.by_request.get(&by.name) == Some(&id)
        {
            self.by_request.remove(&by.name);
        }
        self.forgotten.push(id);
        let Place { row, .. } = self.by_id.remove(&id)?;
        if let Entry::Occupied(mut kept) = self.rows.entry(row) {
            kept.get_mut().left -= 1;
            if kept.get().left == 0 {
                kept.remove();
                self.forgotten_rows.push(row);
            }
        } else if let Some((_, left)) = self.fresh.get_mut(&row) {
            *left -= 1;
        }
        Some(gone_ms)
    }

    /// From now on a tombstone is remembered as that of a caller without a name. Its client's list has to be seen to before.
    fn count_as_unnamed(&mut self, id: Index) {
        let Some((gone, access)) = self.get(id).map(|tombstone| (tombstone.gone, tombstone.origin.access)) else {
            return;
        };
        let Some(share) = self.shares.get_mut(&access) else { return };
        if share.named.remove(&(gone, id)) {
            share.unnamed.push_back(id);
            self.named -= 1;
            self.unnamed += 1;
        }
    }

    /// Release the clients that were silent for longer than their patience.
    fn release_silent(&mut self) {
        let now = self.awake;
        let due = |share: &Share| share.clients.first().filter(|(look, _)| *look <= now).copied();
        while let Some((look, id)) = self.shares.values().find_map(due) {
            self.look_at(look, id, |silent_from| silent_from <= now);
        }
    }

    /// A client's time to be looked at has come: release it if this is so for the end of its patience, else look again then.
    fn look_at(&mut self, look: Duration, id: ClientId, release: impl Fn(Duration) -> bool) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let silent_from = client.heard.saturating_add(client.patience);
        let access = client.access;
        if !release(silent_from) {
            client.look = silent_from;
        } else if let Some(client) = self.clients.remove(&id) {
            client.unsettled.into_iter().for_each(|(_, tombstone)| self.count_as_unnamed(tombstone));
        }
        let Some(share) = self.shares.get_mut(&access) else { return };
        share.clients.remove(&(look, id));
        if let Some(client) = self.clients.get(&id) {
            share.clients.insert((client.look, id));
        }
    }

    /// Keep to the bound on clients, at once: one that only renews leases brings no commit.
    fn make_room_for_a_client(&mut self) {
        while self.clients.len() >= self.bounds.clients_max {
            let most = self.shares.values().max_by_key(|share| share.clients.len());
            let Some((look, id)) = most.and_then(|share| share.clients.first()).copied() else { break };
            // One that was heard of since it was last looked at gets another turn.
            self.look_at(look, id, |silent_from| silent_from <= look);
        }
    }

    /// Keep to the bounds on tombstones.
    fn make_room(&mut self) {
        while self.named > self.bounds.named_max {
            let most = self.shares.values().max_by_key(|share| share.named.len());
            let Some((_, id)) = most.and_then(|share| share.named.first()).copied() else { break };
            self.give_up_name(id);
        }
        while self.unnamed > self.bounds.unnamed_max {
            let most = self.shares.values_mut().max_by_key(|share| share.unnamed.len());
            let Some(id) = most.and_then(|share| share.unnamed.pop_front()) else { break };
            self.unnamed -= 1;
            let gone_ms = self.forget(id);
            self.pushed_out_ms = self.pushed_out_ms.max(gone_ms);
        }
    }

    /// Take a tombstone from its client's list, and count it as unnamed.
    fn give_up_name(&mut self, id: Index) {
        if let Some(&Tombstone { origin, unsettled: Some(number), .. }) = self.get(id)
            && let Some(by) = origin.request
            && let Some(client) = self.clients.get_mut(&by.name.caller)
        {
            client.unsettled.remove(&(number, id));
            client.given_up = client.given_up.max(by.name.number);
        }
        self.count_as_unnamed(id);
    }
}

/// Whose row a tombstone belongs into: its client's, or that of all callers without a name who have its access.
fn group_of(tombstone: &Tombstone) -> u64 {
    match (tombstone.unsettled, tombstone.origin.request) {
        (Some(_), Some(by)) => {
            let mut half = [0; 8];
            half.copy_from_slice(&by.name.caller.0[..8]);
            // Larger than any access.
            u64::from_be_bytes(half) | 1 << 63
        }
        _ => u64::from(tombstone.origin.access.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        caller::{NamedClient, OpenedBy, Origin},
        ids::Key,
    };

    const LEASE: Duration = Duration::from_secs(10);
    const CLIENT: ClientId = ClientId([7; 16]);

    fn few() -> RetryLimits {
        RetryLimits { unnamed_max: 4, named_max: 4, clients_max: 3 }
    }

    fn empty() -> Tombstones {
        let mut tombstones = Tombstones::load(few(), Vec::new(), Duration::ZERO);
        tombstones.set_longest_lease(LEASE);
        tombstones
    }

    /// A commit: what it remembers, without its rows, and what is forgotten.
    fn commit(tombstones: &mut Tombstones, now: Duration) -> (Vec<Tombstone>, Vec<Index>) {
        let fresh = take(tombstones, now);
        (fresh.remember.iter().flat_map(|(_, row)| row.iter().cloned()).collect(), fresh.forgotten)
    }

    fn take(tombstones: &mut Tombstones, now: Duration) -> Fresh {
        tombstones.take_fresh(now)
    }

    /// Let time pass, with something to commit now and then.
    fn wait(tombstones: &mut Tombstones, until: Duration) {
        while tombstones.looked < until {
            let _ = commit(tombstones, tombstones.looked + PAUSE_MAX);
        }
    }

    fn index(index: u64) -> Index {
        Index { term: 1, index }
    }

    /// A session that its client deleted by the request of this number, opened by the one before.
    fn tombstone(id: u64, access: u32, caller: ClientId, number: u64) -> Tombstone {
        let name = RequestName { caller, number: number.saturating_sub(1) };
        let request = Some(OpenedBy { name, fingerprint: id });
        Tombstone {
            id: index(id),
            gone: index(id + 1000),
            gone_ms: id,
            client: Client { key: Key(id), lease_ms: 5, standing: Standing::GaveUp, last: None },
            origin: Origin { access: Access(access), request },
            unsettled: (number > 0).then_some(number),
        }
    }

    /// One whose `New` had a request id.
    fn unnamed(id: u64, access: u32) -> Tombstone {
        tombstone(id, access, ClientId([u8::try_from(id).unwrap(); 16]), 0)
    }

    fn caller(client: ClientId, settled_below: u64) -> Caller {
        Caller { access: Access::NONE, client: Some(NamedClient { id: client, settled_below }) }
    }

    fn ids(tombstones: &Tombstones) -> Vec<u64> {
        let mut ids: Vec<_> = tombstones.by_id.keys().map(|id| id.index).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn what_a_named_client_settles_is_forgotten_and_the_rest_is_kept_whatever_others_do() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        for (id, number) in [(1, 2), (2, 4), (3, 6)] {
            tombstones.remember(tombstone(id, 0, CLIENT, number));
        }
        for id in 10..30 {
            tombstones.remember(unnamed(id, 0));
        }
        tombstones.heard(&caller(CLIENT, 4), Duration::ZERO);
        assert!(tombstones.client(index(1)).is_some(), "until the commit that forgets it");
        let (fresh, forgotten) = commit(&mut tombstones, Duration::ZERO);
        assert_eq!(ids(&tombstones), [2, 3, 26, 27, 28, 29]);
        assert_eq!(fresh.len(), 23, "rows are written whole");
        assert_eq!(forgotten.len(), 17);
        assert_eq!(tombstones.opened_by(&RequestName { caller: CLIENT, number: 3 }).unwrap().0, 2);
        assert_eq!(tombstones.opened_by(&RequestName { caller: CLIENT, number: 1 }), None);
        let settled = tombstones.check_unsettled(CLIENT, 3);
        assert_eq!(settled, Err(Refusal::RequestSettled { number: 3, settled_below: 4 }));
        assert_eq!(tombstones.check_unsettled(CLIENT, 4), Ok(()));
        tombstones.heard(&caller(CLIENT, 9), Duration::ZERO);
        assert_eq!(commit(&mut tombstones, Duration::ZERO), (vec![], vec![index(2), index(3)]));
    }

    #[test]
    fn what_is_settled_all_at_once_is_forgotten_over_some_commits() {
        let bounds = RetryLimits { named_max: 3 * SETTLED_MAX, ..few() };
        let mut tombstones = Tombstones { bounds, ..empty() };
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        let count = 2 * SETTLED_MAX + 7;
        (1..=count as u64).for_each(|id| tombstones.remember(tombstone(id, 0, CLIENT, id + 1)));
        let _ = commit(&mut tombstones, Duration::ZERO);
        tombstones.heard(&caller(CLIENT, u64::MAX), Duration::ZERO);
        let forgotten = [(); 4].map(|()| commit(&mut tombstones, Duration::ZERO).1.len());
        assert_eq!(forgotten, [SETTLED_MAX, SETTLED_MAX, 7, 0]);
    }

    #[test]
    fn a_client_that_settles_late_or_backwards_changes_nothing() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 9), Duration::ZERO);
        tombstones.heard(&caller(CLIENT, 3), Duration::ZERO);
        assert!(tombstones.check_unsettled(CLIENT, 8).is_err());
        tombstones.remember(tombstone(1, 0, CLIENT, 5));
        assert_eq!(
            commit(&mut tombstones, Duration::ZERO),
            (vec![], vec![index(1)]),
            "settled before it went: never written"
        );
    }

    #[test]
    fn a_session_that_its_client_lost_is_remembered_after_its_requests_are_settled() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        let mut lost = tombstone(1, 0, CLIENT, 2);
        lost.client.standing = Standing::Lost;
        tombstones.remember(lost.clone());
        tombstones.heard(&caller(CLIENT, 3), Duration::ZERO);
        tombstones.remember(Tombstone { id: index(2), gone: index(1002), ..lost });
        let _ = commit(&mut tombstones, Duration::ZERO);
        assert_eq!(ids(&tombstones), [1, 2]);
        assert_eq!((tombstones.named, tombstones.unnamed), (0, 2));
    }

    #[test]
    fn a_client_that_was_silent_for_its_lease_is_remembered_like_one_without_a_name() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        tombstones.remember(tombstone(1, 0, CLIENT, 2));
        wait(&mut tombstones, LEASE / 2);
        tombstones.heard(&caller(CLIENT, 1), LEASE / 2);
        wait(&mut tombstones, LEASE);
        assert_eq!((tombstones.named, tombstones.unnamed, tombstones.clients.len()), (1, 0, 1), "heard of since");
        wait(&mut tombstones, LEASE + LEASE / 2);
        assert_eq!((tombstones.named, tombstones.unnamed, tombstones.clients.len()), (0, 1, 0));
        (10..14).for_each(|id| tombstones.remember(unnamed(id, 0)));
        assert_eq!(commit(&mut tombstones, LEASE * 2).1, [index(1)]);
        assert_eq!(tombstones.remembered(100).reach_ms, Some(99));
    }

    #[test]
    fn while_the_host_itself_was_stopped_no_client_was_silent() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        tombstones.remember(tombstone(1, 0, CLIENT, 2));
        let _ = commit(&mut tombstones, LEASE * 100);
        assert_eq!((tombstones.named, tombstones.clients.len()), (1, 1));
    }

    #[test]
    fn a_row_is_forgotten_with_the_last_that_is_remembered_of_it_and_no_caller_keeps_anothers() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        tombstones.remember(tombstone(1, 0, CLIENT, 2));
        tombstones.remember(tombstone(2, 0, CLIENT, 4));
        (10..13).for_each(|id| tombstones.remember(unnamed(id, 7)));
        let rows: Vec<_> = take(&mut tombstones, Duration::ZERO).remember.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows.len(), 2);
        tombstones.heard(&caller(CLIENT, 3), Duration::ZERO);
        assert_eq!(take(&mut tombstones, Duration::ZERO).forget, [], "one of it is left");
        tombstones.heard(&caller(CLIENT, 5), Duration::ZERO);
        assert_eq!(take(&mut tombstones, Duration::ZERO).forget, [rows[1]]);
        (20..24).for_each(|id| tombstones.remember(unnamed(id, 7)));
        assert_eq!(take(&mut tombstones, Duration::ZERO).forget, [rows[0]]);
    }

    #[test]
    fn each_access_has_a_share_that_no_other_can_take() {
        let mut tombstones = empty();
        tombstones.remember(unnamed(1, 1));
        tombstones.remember(unnamed(2, 1));
        (10..40).for_each(|id| tombstones.remember(unnamed(id, 2)));
        let _ = commit(&mut tombstones, Duration::ZERO);
        assert_eq!(ids(&tombstones), [1, 2, 38, 39]);
    }

    #[test]
    fn clients_and_what_they_have_under_way_are_bounded() {
        let mut tombstones = empty();
        for n in 1..=9 {
            let now = Duration::from_millis(n.into());
            tombstones.heard(&caller(ClientId([n; 16]), 1), now);
            tombstones.heard(&caller(ClientId([1; 16]), 1), now);
            tombstones.remember(tombstone(n.into(), 0, ClientId([n; 16]), 2));
            let _ = commit(&mut tombstones, now);
        }
        assert_eq!(tombstones.clients.len(), 3);
        assert!(tombstones.clients.contains_key(&ClientId([1; 16])), "the one that was heard of all the time");
        (20..30).for_each(|id| tombstones.remember(tombstone(id, 0, ClientId([1; 16]), id)));
        let _ = commit(&mut tombstones, Duration::from_millis(10));
        assert_eq!((tombstones.named, tombstones.unnamed), (4, 4));
        let client = &tombstones.clients[&ClientId([1; 16])];
        assert_eq!(client.unsettled.len(), 4, "what counts as unnamed is in no client's list");
    }

    #[test]
    fn clients_that_only_renew_are_bounded_without_a_commit() {
        let mut tombstones = empty();
        tombstones.heard(&Caller { access: Access(1), ..caller(CLIENT, 1) }, Duration::ZERO);
        for n in 0..100 {
            tombstones.heard(&caller(ClientId([n; 16]), 1), Duration::from_millis(n.into()));
        }
        assert_eq!(tombstones.clients.len(), 3);
        assert_eq!(tombstones.shares.values().map(|share| share.clients.len()).sum::<usize>(), 3);
        assert!(tombstones.clients.contains_key(&CLIENT), "the one client of another access");
    }

    #[test]
    fn a_restart_keeps_it_and_hears_every_client_anew() {
        let mut tombstones = empty();
        tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
        tombstones.remember(tombstone(1, 0, CLIENT, 2));
        tombstones.remember(unnamed(2, 0));
        let stored = take(&mut tombstones, Duration::ZERO).remember;
        let mut tombstones = Tombstones::load(few(), stored, LEASE * 100);
        assert_eq!((tombstones.named, tombstones.unnamed), (1, 1));
        tombstones.heard(&caller(CLIENT, 3), LEASE * 100);
        assert_eq!(commit(&mut tombstones, LEASE * 100).1, [index(1)]);
    }
}
