//! What is remembered of sessions that are gone, without a store.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{
    caller::{NamedClient, OpenedBy, Origin},
    ids::Key,
};

const LEASE: Duration = Duration::from_secs(10);
const CLIENT: ClientId = ClientId([7; 16]);

fn few() -> RetryLimits {
    RetryLimits { unnamed_max: 4, named_max: 4, clients_max: 3, forgotten_in_rows_max: 100 }
}

fn empty() -> Tombstones {
    Tombstones::load(few(), Vec::new(), LEASE, Duration::ZERO)
}

/// A commit: what it remembers, without its rows, and what is forgotten.
fn commit(tombstones: &mut Tombstones, now: Duration) -> (Vec<Tombstone>, Vec<Index>) {
    let fresh = take(tombstones, now);
    (fresh.remember.iter().flat_map(|(_, row)| row.iter().cloned()).collect(), fresh.forgotten)
}

fn take(tombstones: &mut Tombstones, now: Duration) -> Fresh {
    // No commit has the index of another.
    static COMMITS: AtomicU64 = AtomicU64::new(0);
    tombstones.look(now);
    tombstones.take_fresh(Index { term: 2, index: COMMITS.fetch_add(1, Ordering::Relaxed) })
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
        origin: Origin { access: Access(access), request, handed_on: false },
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
fn the_reach_is_that_of_the_latest_that_was_pushed_out_whoever_had_it() {
    let mut tombstones = empty();
    // Of two accesses with as many the second is pushed out first, and went last.
    (1..4).for_each(|id| tombstones.remember(unnamed(id, 1)));
    (50..53).for_each(|id| tombstones.remember(unnamed(id, 2)));
    let _ = commit(&mut tombstones, Duration::ZERO);
    assert_eq!(ids(&tombstones), [2, 3, 51, 52]);
    assert_eq!(tombstones.remembered(60).reach_ms, Some(10));
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
    let mut tombstones = Tombstones::load(few(), stored, LEASE, LEASE * 100);
    assert_eq!((tombstones.named, tombstones.unnamed), (1, 1));
    tombstones.heard(&caller(CLIENT, 3), LEASE * 100);
    assert_eq!(commit(&mut tombstones, LEASE * 100).1, [index(1)]);
}

/// How many tombstones are in the rows that are kept.
fn in_rows(tombstones: &Tombstones) -> usize {
    tombstones.rows.values().map(|kept| kept.tombstones.len()).sum()
}

#[test]
fn rows_hold_little_that_is_forgotten_however_few_of_each_are_still_asked_for() {
    let bounds = RetryLimits { named_max: 100, forgotten_in_rows_max: 4, ..few() };
    let mut tombstones = Tombstones::load(bounds, Vec::new(), LEASE, Duration::ZERO);
    let mut stored: BTreeMap<RowKey, Row> = BTreeMap::new();
    let mut store = |fresh: Fresh| {
        fresh.forget.iter().for_each(|row| assert!(stored.remove(row).is_some(), "{row:?}"));
        fresh.remember.iter().for_each(|(row, _)| assert!(!stored.contains_key(row), "{row:?}"));
        stored.extend(fresh.remember);
        stored.values().map(|row| row.len()).sum::<usize>()
    };
    // Of each commit of 20, one is never settled.
    for commit in 0..50_u64 {
        let now = Duration::from_micros(commit + 1);
        for n in 0..20 {
            let number = if n == 7 { u64::MAX - commit } else { commit * 20 + n + 1 };
            tombstones.heard(&caller(CLIENT, commit * 20), now);
            tombstones.remember(tombstone(commit * 20 + n + 1, 0, CLIENT, number));
        }
        let (held, last) = (store(tombstones.take_fresh(index(5_000 + commit * 20))), commit * 20 + 1);
        assert_eq!(held, tombstones.in_rows, "the store has what the writer has");
        assert_eq!(in_rows(&tombstones), tombstones.in_rows);
        let remembered = tombstones.named + tombstones.unnamed;
        assert!(held <= 2 * remembered + 4, "{held} for {remembered}");
        assert!(tombstones.client(index(last + 7)).is_some());
    }
    let kept: Vec<u64> = ids(&tombstones).into_iter().filter(|id| id % 20 == 8).collect();
    assert_eq!(kept.len(), 50, "what may still be asked for is remembered");
    let left: Vec<_> = stored.into_iter().collect();
    let again = Tombstones::load(bounds, left, LEASE, Duration::ZERO);
    assert!(kept.iter().all(|id| again.client(index(*id)).is_some()));
}

#[test]
fn what_ends_after_a_restart_is_remembered_for_a_client_that_was_not_heard_of_yet() {
    let mut tombstones = empty();
    tombstones.remember(tombstone(1, 0, CLIENT, 2));
    (10..30).for_each(|id| tombstones.remember(unnamed(id, 0)));
    let _ = commit(&mut tombstones, Duration::ZERO);
    assert_eq!(ids(&tombstones), [1, 26, 27, 28, 29]);
    tombstones.heard(&caller(CLIENT, 3), Duration::ZERO);
    assert_eq!(commit(&mut tombstones, Duration::ZERO).1, [index(1)], "it settles it as any other");
}

#[test]
fn a_client_that_settles_again_and_again_without_a_commit_waits_once() {
    let mut tombstones = empty();
    tombstones.heard(&caller(CLIENT, 1), Duration::ZERO);
    tombstones.remember(tombstone(1, 0, CLIENT, 2));
    let _ = commit(&mut tombstones, Duration::ZERO);
    (3..1_000).for_each(|below| tombstones.heard(&caller(CLIENT, below), Duration::ZERO));
    assert_eq!(tombstones.settled.len(), 1);
    assert_eq!(commit(&mut tombstones, Duration::ZERO).1, [index(1)]);
}
