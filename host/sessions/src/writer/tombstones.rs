//! What is remembered of sessions that are gone, so that a retry gets the first answer.
//!
//! A live session needs nothing here: its own row answers a retry of its client's last operation, and of the `New` that
//! opened it. When it goes, a [`Tombstone`] takes its place, for as long as a retry may come:
//!
//! | opened by | forgotten |
//! |---|---|
//! | a [named client](crate::caller) | when the client says that it has settled every request about the session |
//! | a named client of which nothing is heard, and no session of which goes, for as long as the longest lease | as by any other |
//! | any other | when more than [`RetryLimits::unnamed_max`] of these are remembered |
//!
//! So what a named client costs follows from what it has under way, whatever its rate. What the others cost is a number, and
//! how far back in time it reaches follows from their rate: [`Remembered::reach_ms`].
//!
//! Tombstones lie in rows, in memory as in the store, and a row goes as a whole. Where more are in rows than twice those that are
//! remembered, what is left of the rows that are half forgotten is moved to new ones.
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
    rows: HashMap<RowKey, Kept, foldhash::fast::RandomState>,
    /// How many tombstones are in all of these, and the rows at least half of which is forgotten.
    in_rows: usize,
    half_forgotten: BTreeSet<RowKey>,
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
    at: u32,
    /// Whether it is found by the name of its `New`, too. What is forgotten was long untouched, so it is read only if it is.
    is_requested: bool,
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
    /// Unnamed tombstones, in the order in which they are forgotten, each with when it went, Unix milliseconds.
    unnamed: VecDeque<(Index, u64)>,
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
    /// Whether it is among those that settled something since the last commit.
    settles: bool,
}

impl Tombstones {
    /// What a store remembered. `longest_lease`: of all kinds. `monotonic`: now, when every client counts as heard of.
    pub fn load(bounds: RetryLimits, stored: Vec<(RowKey, Row)>, longest_lease: Duration, monotonic: Duration) -> Self {
        let mut tombstones = Self { bounds, longest_lease, looked: monotonic, ..Self::default() };
        for (row, stored) in &stored {
            tombstones.in_rows += stored.len();
            tombstones.rows.insert(*row, Kept { tombstones: Arc::clone(stored), left: stored.len() });
        }
        // By when they went, which is not the order of rows where some were moved.
        let places = stored.iter().flat_map(|(row, stored)| (0..).zip(stored.iter()).map(move |it| (*row, it)));
        let mut places: Vec<(RowKey, (u32, &Tombstone))> = places.collect();
        places.sort_by_key(|(_, (_, tombstone))| tombstone.gone);
        for (row, (at, tombstone)) in places {
            tombstones.keep(tombstone, row, at);
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
        self.at(self.by_id.get(&id)?)
    }

    fn at(&self, place: &Place) -> Option<&Tombstone> {
        self.row(&place.row)?.get(place.at as usize)
    }

    fn row(&self, row: &RowKey) -> Option<&[Tombstone]> {
        match self.rows.get(row) {
            Some(kept) => Some(&kept.tombstones),
            None => Some(&self.fresh.get(row)?.0),
        }
    }

    /// Remember a session that is gone from now on.
    pub fn remember(&mut self, tombstone: Tombstone) {
        let at = *self.batch.get_or_insert(tombstone.gone);
        let row = RowKey { at, group: group_of(&tombstone) };
        let at = self.fresh.get(&row).map_or(0, |(tombstones, _)| tombstones.len());
        // A batch has far fewer.
        self.keep(&tombstone, row, u32::try_from(at).unwrap_or(u32::MAX));
        let (tombstones, left) = self.fresh.entry(row).or_default();
        tombstones.push(tombstone);
        *left += 1;
    }

    /// What the next commit has to write and to forget. Nothing is forgotten but here, so that what is remembered is what the
    /// store has, whatever becomes of the host.
    ///
    /// `last`: the index of the commit.
    pub fn take_fresh(&mut self, last: Index) -> Fresh {
        self.settle();
        self.release_silent();
        self.make_room();
        self.leave_half_forgotten(last);
        let mut remember = Vec::with_capacity(self.fresh.len());
        // A row that was forgotten within the batch that brought it is never written.
        for (row, (tombstones, left)) in std::mem::take(&mut self.fresh).into_iter().filter(|(_, (_, left))| *left > 0)
        {
            let tombstones = Arc::new(tombstones);
            self.in_rows += tombstones.len();
            if left <= tombstones.len() / 2 {
                self.half_forgotten.insert(row);
            }
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

    /// Time has passed: a batch begins.
    pub fn look(&mut self, monotonic: Duration) {
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
            let unsettled = BTreeSet::new();
            Named { access, settled_below: 0, heard: now, patience, look, unsettled, given_up: 0, settles: false }
        });
        client.heard = now;
        client.patience = client.patience.max(patience);
        if settled_below > client.settled_below {
            client.settled_below = settled_below;
            let first = client.unsettled.first();
            if first.is_some_and(|(number, _)| *number < settled_below) && !client.settles {
                client.settles = true;
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
            client.settles = false;
            while settled.len() < SETTLED_MAX
                && let Some(first) = client.unsettled.first().filter(|(number, _)| *number < below).copied()
            {
                client.unsettled.remove(&first);
                settled.push(first.1);
            }
            if settled.len() == SETTLED_MAX {
                client.settles = true;
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
    fn keep(&mut self, tombstone: &Tombstone, row: RowKey, at: u32) {
        let Tombstone { id, gone, gone_ms, origin, .. } = *tombstone;
        if let (Some(_), Some(by)) = (tombstone.unsettled, origin.request)
            && !self.clients.contains_key(&by.name.caller)
        {
            self.hear(by.name.caller, origin.access, 0, self.longest_lease);
        }
        let client = origin.request.and_then(|by| Some((by.name.caller, self.clients.get_mut(&by.name.caller)?)));
        let (share, now) = (self.shares.entry(origin.access).or_default(), self.awake);
        match client.zip(tombstone.unsettled) {
            Some(((name, client), number)) => {
                client.unsettled.insert((number, id));
                // That the session went is news to it: it has as long to ask from now on, were it silent before or the host away.
                client.heard = now;
                if number < client.settled_below && !client.settles {
                    client.settles = true;
                    self.settled.push_back(name);
                }
                share.named.insert((gone, id));
                self.named += 1;
            }
            None => {
                share.unnamed.push_back((id, gone_ms));
                self.unnamed += 1;
            }
        }
        if let Some(by) = origin.request {
            self.by_request.insert(by.name, id);
        }
        self.by_id.insert(id, Place { row, at, is_requested: origin.request.is_some() });
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

    /// What is left to do about a tombstone that is in no list any more.
    fn forget(&mut self, id: Index) {
        let Some(place) = self.by_id.remove(&id) else { return };
        if place.is_requested
            && let Some(name) = self.at(&place).and_then(|tombstone| Some(tombstone.origin.request?.name))
            && self.by_request.get(&name) == Some(&id)
        {
            self.by_request.remove(&name);
        }
        self.forgotten.push(id);
        if let Entry::Occupied(mut kept) = self.rows.entry(place.row) {
            kept.get_mut().left -= 1;
            let (left, all) = (kept.get().left, kept.get().tombstones.len());
            if left == 0 {
                kept.remove();
                self.in_rows -= all;
                self.half_forgotten.remove(&place.row);
                self.forgotten_rows.push(place.row);
            } else if left == all / 2 {
                self.half_forgotten.insert(place.row);
            }
        } else if let Some((_, left)) = self.fresh.get_mut(&place.row) {
            *left -= 1;
        }
    }

    /// From now on a tombstone is remembered as that of a caller without a name. Its client's list has to be seen to before.
    fn count_as_unnamed(&mut self, id: Index) {
        let Some(&Tombstone { gone, gone_ms, origin, .. }) = self.get(id) else { return };
        let Some(share) = self.shares.get_mut(&origin.access) else { return };
        if share.named.remove(&(gone, id)) {
            share.unnamed.push_back((id, gone_ms));
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
            let Some((id, gone_ms)) = most.and_then(|share| share.unnamed.pop_front()) else { break };
            self.unnamed -= 1;
            self.pushed_out_ms = self.pushed_out_ms.max(Some(gone_ms));
            self.forget(id);
        }
    }

    /// Move what is left of half forgotten rows to new ones, until rows have few forgotten ones again.
    fn leave_half_forgotten(&mut self, last: Index) {
        let at = *self.batch.get_or_insert(last);
        let mut all = self.in_rows + self.fresh.values().map(|(row, _)| row.len()).sum::<usize>();
        let mut moved = 0;
        while all > 2 * (self.named + self.unnamed) + self.bounds.forgotten_in_rows_max
            && moved < SETTLED_MAX
            && let Some(row) = self.half_forgotten.pop_first()
            && let Some(kept) = self.rows.remove(&row)
        {
            self.in_rows -= kept.tombstones.len();
            self.forgotten_rows.push(row);
            all -= kept.tombstones.len() - kept.left;
            moved += kept.left;
            for (from, tombstone) in (0..).zip(kept.tombstones.iter()) {
                self.move_to(RowKey { at, ..row }, row, from, tombstone);
            }
        }
    }

    /// Move a tombstone to a fresh row, if it is remembered.
    fn move_to(&mut self, to: RowKey, row: RowKey, at: u32, tombstone: &Tombstone) {
        let Some(place) = self.by_id.get_mut(&tombstone.id).filter(|it| it.row == row && it.at == at) else { return };
        let (tombstones, left) = self.fresh.entry(to).or_default();
        place.row = to;
        place.at = u32::try_from(tombstones.len()).unwrap_or(u32::MAX);
        tombstones.push(tombstone.clone());
        *left += 1;
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

/// Whose row a tombstone belongs into: its client's, or that of all callers without a name who have its access. There, too, what a
/// client lost: it is remembered longer than the client's others.
fn group_of(tombstone: &Tombstone) -> u64 {
    match (tombstone.unsettled, tombstone.origin.request) {
        (Some(_), Some(by)) if tombstone.client.standing != Standing::Lost => {
            let mut half = [0; 8];
            half.copy_from_slice(&by.name.caller.0[..8]);
            // Larger than any access.
            u64::from_be_bytes(half) | 1 << 63
        }
        _ => u64::from(tombstone.origin.access.0),
    }
}

#[cfg(test)]
mod tests;
