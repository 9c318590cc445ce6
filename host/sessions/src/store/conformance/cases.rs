//! The cases, one promise each.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Disk;
use crate::{
    attempt::{Attempt, Outcome, Report},
    caller::{Access, ClientId, OpenedBy, Origin, RequestName},
    ids::{Index, Key},
    rules::RecordsChange,
    session::{Answered, Applied, Client, Due, Line, Session, Standing, State},
    store::{ChangeSet, Pause, RowKey, SessionChange, Store, Tombstone, Waiting},
};

pub(super) fn index(index: u64) -> Index {
    Index { term: 1, index }
}

/// The name of the `New` that opened a session.
fn request(id: u64) -> RequestName {
    RequestName { caller: ClientId([7; 16]), number: id }
}

/// A session with something in every field.
pub fn session(id: u64, kind: u32, state: State) -> Session {
    let applied = Applied { change_id: index(id + 1), due_ms: Some(u64::MAX) };
    Session {
        id: index(id),
        kind,
        change_id: index(id + 1),
        fence: index(id),
        client: Client {
            key: Key(u64::MAX - id),
            lease_ms: 30_000,
            standing: Standing::Lost,
            last: Some(Answered { number: 3, fingerprint: u64::MAX, applied }),
        },
        state,
        created_ms: 1,
        stored_ms: 2,
        repeats: 4,
        records: 0,
        bytes: 0,
        attempts: 0,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        origin: Origin {
            access: Access(u32::MAX),
            request: Some(OpenedBy { name: request(id), fingerprint: u64::MAX }),
            handed_on: false,
        },
    }
}

pub(super) fn stored(at_ms: u64, by: u64) -> State {
    State::Stored(Due { at_ms, stored: index(by) })
}

fn repeating() -> State {
    State::Repeating { key: Key(5), due: Due { at_ms: 9, stored: index(2) }, since_ms: 10 }
}

pub fn change(before: Option<&Session>, after: Option<&Session>) -> SessionChange {
    SessionChange {
        id: before.or(after).unwrap().id,
        before: before.cloned(),
        after: after.cloned(),
        records: RecordsChange::default(),
        attempts: Vec::new(),
    }
}

fn commit(store: &mut dyn Store, sessions: Vec<SessionChange>) {
    store.commit(ChangeSet { last: index(1000), sessions, ..ChangeSet::default() }).unwrap();
}

pub fn taking_over_raises_the_term_and_keeps_the_index(disk: &mut impl Disk) {
    let mut store = disk.open();
    assert_eq!(store.take_over().unwrap().last, Index { term: 1, index: 0 });
    store.commit(ChangeSet { last: Index { term: 1, index: 7 }, ..ChangeSet::default() }).unwrap();
    for term in 2..5 {
        drop(store);
        store = disk.open();
        assert_eq!(store.take_over().unwrap().last, Index { term, index: 7 }, "also when the last host did nothing");
    }
}

pub fn the_latest_time_is_kept(disk: &mut impl Disk) {
    let mut store = disk.open();
    assert_eq!(store.take_over().unwrap().now_ms, 0);
    for (step, now_ms, expected) in [(1, 5, 5), (2, 900, 900), (3, 0, 900)] {
        store.commit(ChangeSet { last: index(step), now_ms, ..ChangeSet::default() }).unwrap();
        drop(store);
        store = disk.open();
        assert_eq!(store.take_over().unwrap().now_ms, expected);
    }
}

pub fn a_session_is_found_as_it_was_written_whoever_holds_it(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    assert_eq!(store.session(index(1)).unwrap(), None);
    let states = [State::Active, stored(50, 4), repeating(), State::Parked { since_ms: 6 }, State::Active];
    let mut before: Option<Session> = None;
    for state in states {
        let after = session(1, 7, state);
        commit(&mut *store, vec![change(before.as_ref(), Some(&after))]);
        assert_eq!(store.session(index(1)).unwrap(), Some(after.clone()));
        drop(store);
        store = disk.taken_over();
        assert_eq!(store.session(index(1)).unwrap(), Some(after.clone()), "after reopening");
        before = Some(after);
    }
    commit(&mut *store, vec![change(before.as_ref(), None)]);
    assert_eq!(store.session(index(1)).unwrap(), None);
}

pub fn taking_over_finds_what_was_held_and_nothing_else(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let states = [State::Active, stored(50, 4), repeating(), State::Parked { since_ms: 6 }];
    let sessions: Vec<_> = (1..).zip(states).map(|(id, state)| session(id, 7, state)).collect();
    commit(&mut *store, sessions.iter().map(|session| change(None, Some(session))).collect());
    drop(store);
    let held = disk.open().take_over().unwrap().held;
    assert_eq!(held, [sessions[0].clone(), sessions[2].clone()]);
}

pub fn records_are_appended_replaced_and_dropped_with_their_session(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let with = |records| Session { records, ..session(1, 7, State::Active) };
    let mut step = |before: Option<Session>, after: Option<Session>, clear, append: &[&[u8]]| {
        let append = append.iter().map(|record| Bytes::copy_from_slice(record)).collect();
        let records = RecordsChange { clear, append };
        commit(&mut *store, vec![SessionChange { records, ..change(before.as_ref(), after.as_ref()) }]);
        // Asking for one more than there is must fail: a session's row and its records may not disagree unnoticed.
        let count = after.as_ref().map_or(0, |session| session.records);
        assert!(store.records(&with(count + 1)).is_err());
        store.records(&with(count)).unwrap()
    };
    assert_eq!(step(None, Some(with(2)), false, &[b"a", b""]), ["a", ""]);
    assert_eq!(step(Some(with(2)), Some(with(3)), false, &[b"\0\xff"]), [&b"a"[..], b"", b"\0\xff"]);
    assert_eq!(step(Some(with(3)), Some(with(2)), true, &[b"b", b"c"]), ["b", "c"]);
    assert_eq!(step(Some(with(2)), Some(with(2)), false, &[]), ["b", "c"]);
    assert_eq!(step(Some(with(2)), None, false, &[]), [""; 0]);
    // A later session must not inherit what an earlier one of the same id left.
    assert_eq!(step(None, Some(with(1)), false, &[b"d"]), ["d"]);
}

pub fn due_sessions_come_in_order_kind_by_kind(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let rows = [(1, 7, 300, 11), (2, 7, 100, 14), (3, 7, 100, 12), (4, 8, 50, 13), (5, 7, u64::MAX, 15)];
    let sessions = rows.map(|(id, kind, at_ms, by)| session(id, kind, stored(at_ms, by)));
    commit(&mut *store, sessions.iter().map(|session| change(None, Some(session))).collect());
    let due = |store: &dyn Store, kind, until, max| -> Vec<u64> {
        store.due(kind, until, max).unwrap().iter().map(|(_, id)| id.index).collect()
    };
    assert_eq!(due(&*store, 7, 300, 9), [3, 2, 1], "earlier first, then the one stored first");
    assert_eq!(due(&*store, 7, 299, 9), [3, 2]);
    assert_eq!(due(&*store, 7, 300, 1), [3]);
    assert_eq!(due(&*store, 7, u64::MAX, 9), [3, 2, 1, 5]);
    assert_eq!(due(&*store, 8, 300, 9), [4]);
    assert_eq!(due(&*store, 9, u64::MAX, 9), [0; 0]);
    assert_eq!(store.due(8, 50, 9).unwrap(), [(Due { at_ms: 50, stored: index(13) }, index(4))]);

    let moved = session(3, 7, stored(400, 20));
    let claimed = session(2, 7, repeating());
    let changes = vec![change(Some(&sessions[2]), Some(&moved)), change(Some(&sessions[1]), Some(&claimed))];
    commit(&mut *store, changes);
    assert_eq!(due(&*store, 7, 400, 9), [1, 3]);
    commit(&mut *store, vec![change(Some(&moved), None)]);
    assert_eq!(due(&*store, 7, 400, 9), [1]);
}

pub fn those_that_wait_are_listed_line_by_line(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let parked = |since_ms| State::Parked { since_ms };
    let states = [parked(300), stored(100, 14), parked(100), parked(100), State::Active, stored(50, 13)];
    let sessions: Vec<_> = (1..).zip(states).map(|(id, state)| session(id, 7, state)).collect();
    let other = session(9, 8, parked(1));
    commit(&mut *store, sessions.iter().chain([&other]).map(|session| change(None, Some(session))).collect());
    let ids = |store: &dyn Store, line, after, max| -> Vec<u64> {
        store.waiting(7, line, after, max).unwrap().iter().map(|(_, id)| id.index).collect()
    };
    for reopened in [false, true] {
        if reopened {
            drop(store);
            store = disk.taken_over();
        }
        assert_eq!(ids(&*store, Line::Parked, None, 9), [3, 4, 1], "the one parked first, then the older session");
        assert_eq!(ids(&*store, Line::Stored, None, 9), [6, 2]);
        let first = Due { at_ms: 100, stored: index(3) };
        assert_eq!(ids(&*store, Line::Parked, Some(first), 1), [4]);
        assert_eq!(ids(&*store, Line::Parked, Some(Due { at_ms: 300, stored: index(1) }), 9), [0; 0]);
    }
    let redriven = session(3, 7, stored(500, 20));
    commit(&mut *store, vec![change(Some(&sessions[2]), Some(&redriven)), change(Some(&sessions[0]), None)]);
    assert_eq!((ids(&*store, Line::Parked, None, 9), ids(&*store, Line::Stored, None, 9)), (vec![4], vec![6, 2, 3]));
}

pub fn pauses_survive_until_they_end(disk: &mut impl Disk) {
    let mut store = disk.open();
    assert_eq!(store.take_over().unwrap().pauses, BTreeMap::new());
    let pause = |since_ms| Some(Pause { since_ms });
    let steps = [(vec![(7, pause(5)), (u32::MAX, pause(6))], 2), (vec![(7, None)], 1), (vec![(u32::MAX, pause(9))], 1)];
    for (pauses, expected) in steps {
        // The index of the last operation stays as it is: pausing is not done to a session.
        store.commit(ChangeSet { last: index(1), pauses, ..ChangeSet::default() }).unwrap();
        drop(store);
        store = disk.open();
        assert_eq!(store.take_over().unwrap().pauses.len(), expected);
    }
    drop(store);
    assert_eq!(disk.open().take_over().unwrap().pauses, [(u32::MAX, Pause { since_ms: 9 })].into());
}

pub fn only_the_newest_attempts_stay(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let attempt = |fence| Attempt {
        fence: index(fence),
        repeat: 1,
        started_ms: 5,
        report: Report { log_tail: "line\n".into(), ..Report::bare(Outcome::Retry("B is down".into())) },
    };
    let with = |attempts| Session { attempts, ..session(1, 7, State::Parked { since_ms: 1 }) };
    let other = Session { id: index(2), attempts: 1, ..with(1) };
    let mut step = |before: Option<&Session>, after: Option<&Session>, attempts: Vec<Attempt>| {
        commit(&mut *store, vec![SessionChange { attempts, ..change(before, after) }]);
        store.attempts(&with(0)).unwrap()
    };
    step(None, Some(&other), vec![attempt(1)]);
    assert_eq!(step(None, Some(&with(1)), vec![attempt(10)]), [attempt(10)]);
    assert_eq!(step(Some(&with(1)), Some(&with(2)), vec![attempt(9)]), [attempt(9), attempt(10)]);
    assert_eq!(step(Some(&with(2)), Some(&with(2)), vec![attempt(300)]), [attempt(10), attempt(300)]);
    assert_eq!(step(Some(&with(2)), None, vec![]), []);
    assert_eq!(store.attempts(&other).unwrap(), [attempt(1)], "another session's attempts are left alone");
}

pub fn a_session_is_found_by_the_request_that_opened_it_while_it_is_there(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let (one, two) = (session(1, 7, State::Active), session(2, 7, stored(50, 4)));
    commit(&mut *store, vec![change(None, Some(&one)), change(None, Some(&two))]);
    let live = |store: &dyn Store, id| {
        let found = store.opened_by(&request(id)).unwrap();
        found.filter(|id| store.session(*id).unwrap().is_some())
    };
    for _ in 0..2 {
        assert_eq!([1, 2, 3].map(|id| live(&*store, id)), [Some(one.id), Some(two.id), None]);
        drop(store);
        store = disk.taken_over();
    }
    let waits = Session { state: State::Parked { since_ms: 9 }, ..one.clone() };
    commit(&mut *store, vec![change(Some(&one), Some(&waits)), change(Some(&two), None)]);
    for _ in 0..2 {
        assert_eq!([1, 2, 3].map(|id| live(&*store, id)), [Some(one.id), None, None]);
        drop(store);
        store = disk.taken_over();
    }
    // The name is free again once its session is gone.
    let again = Session { origin: two.origin, ..session(3, 7, State::Active) };
    commit(&mut *store, vec![change(None, Some(&again))]);
    for _ in 0..2 {
        assert_eq!(live(&*store, 2), Some(again.id));
        drop(store);
        store = disk.taken_over();
    }
}

pub fn counts_and_tombstones_survive_and_are_forgotten(disk: &mut impl Disk) {
    let tombstone = |id: u64| {
        let Session { id, client, origin, .. } = session(id, 7, State::Active);
        Tombstone { id, gone: index(100 + id.index), gone_ms: 5, client, origin, unsettled: Some(u64::MAX) }
    };
    let row = |last, group| (RowKey { at: index(last), group }, vec![tombstone(last), tombstone(last + group)].into());
    let waiting = Waiting { stored: 3, parked: 4 };
    let mut store = disk.taken_over();
    for (last, groups) in [(10, vec![1, 1 << 62]), (11, vec![1])] {
        let counts = vec![(7, waiting), (u32::MAX, Waiting::default())];
        let remember = groups.into_iter().map(|group| row(last, group)).collect();
        store.commit(ChangeSet { last: index(last), remember, waiting: counts, ..ChangeSet::default() }).unwrap();
    }
    drop(store);
    let mut store = disk.open();
    let found = store.take_over().unwrap();
    let rows = [row(10, 1), row(10, 1 << 62), row(11, 1)];
    assert_eq!(found.tombstones, rows, "in the order in which they went");
    assert_eq!(found.waiting[&7], waiting);
    store.commit(ChangeSet { last: index(12), forget: vec![rows[1].0], ..ChangeSet::default() }).unwrap();
    let (remember, forget) = (vec![row(13, 1)], vec![rows[0].0]);
    store.commit(ChangeSet { last: index(13), remember, forget, ..ChangeSet::default() }).unwrap();
    store.commit(ChangeSet { last: index(14), forget: vec![row(13, 1).0], ..ChangeSet::default() }).unwrap();
    drop(store);
    assert_eq!(disk.open().take_over().unwrap().tombstones, rows[2..]);
}

pub fn one_change_set_is_one_step(disk: &mut impl Disk) {
    let mut store = disk.taken_over();
    let sessions: Vec<_> = (1..=500).map(|id| session(id, 7, stored(id, id))).collect();
    commit(&mut *store, sessions.iter().map(|session| change(None, Some(session))).collect());
    assert_eq!(store.due(7, u64::MAX, 1000).unwrap().len(), 500);
    commit(&mut *store, sessions.iter().map(|session| change(Some(session), None)).collect());
    drop(store);
    let store = disk.taken_over();
    assert_eq!(store.due(7, u64::MAX, 1000).unwrap(), []);
    assert!(sessions.iter().all(|session| store.session(session.id).unwrap().is_none()));
}
