//! Random histories against a model that keeps everything in maps.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{
    Disk,
    cases::{change, index, session, stored},
};
use crate::{
    ids::Index,
    rules::RecordsChange,
    session::{Line, Session, State},
    store::{ChangeSet, SessionChange, Store},
};

/// What the store should hold.
type Model = BTreeMap<Index, (Session, Vec<Bytes>)>;

const COMMITS: u64 = 300;
const SESSIONS: u64 = 40;
/// Printed by a failing assertion's history; any other seed must pass as well.
const SEED: u64 = 20_261_122;

pub fn any_history_reads_back_as_a_model_says(disk: &mut impl Disk) {
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut model = Model::new();
    let mut store = disk.taken_over();
    for step in 1..=COMMITS {
        let sessions = (0..chance.random_range(1..6)).map(|_| chance.random_range(0..SESSIONS));
        let chosen: std::collections::BTreeSet<u64> = sessions.collect();
        let changes = chosen.into_iter().filter_map(|id| draw_change(&mut chance, &mut model, id, step)).collect();
        store.commit(ChangeSet { last: index(step), sessions: changes, ..ChangeSet::default() }).unwrap();
        if chance.random_ratio(1, 20) {
            drop(store);
            store = disk.taken_over();
        }
        check(&*store, &model, step);
    }
}

/// Change one session somehow, in the model and as the store is told.
fn draw_change(chance: &mut StdRng, model: &mut Model, id: u64, step: u64) -> Option<SessionChange> {
    let old = model.remove(&index(id));
    let (before, mut records) = old.map_or((None, Vec::new()), |(session, records)| (Some(session), records));
    if chance.random_ratio(1, 4) {
        return before.map(|before| change(Some(&before), None));
    }
    let append: Vec<_> = (0..chance.random_range(0..3)).map(|n| Bytes::from(format!("{step}/{n}"))).collect();
    let clear = chance.random_ratio(1, 5);
    if clear {
        records.clear();
    }
    records.extend(append.iter().cloned());
    let state = match chance.random_range(0..3) {
        0 => State::Active,
        1 => stored(chance.random_range(0..50), step * 100 + id),
        _ => State::Parked { since_ms: step },
    };
    let kind = before.as_ref().map_or(1 + u32::from(chance.random::<bool>()), |before| before.kind);
    let after = Session { records: u32::try_from(records.len()).unwrap(), ..session(id, kind, state) };
    model.insert(index(id), (after.clone(), records));
    Some(SessionChange { records: RecordsChange { clear, append }, ..change(before.as_ref(), Some(&after)) })
}

fn check(store: &dyn Store, model: &Model, step: u64) {
    for id in (0..SESSIONS).map(index) {
        let expected = model.get(&id);
        assert_eq!(store.session(id).unwrap().as_ref(), expected.map(|(session, _)| session), "step {step}, {id}");
        if let Some((session, records)) = expected {
            assert_eq!(store.records(session).unwrap(), *records, "step {step}, {id}");
        }
    }
    for (kind, line) in [(1, Line::Stored), (1, Line::Parked), (2, Line::Stored), (2, Line::Parked)] {
        let of_kind = model.values().filter(|(session, _)| session.kind == kind);
        let places = of_kind.filter_map(|(session, _)| Some((session.place_in(line)?, session.id)));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        assert_eq!(store.waiting(kind, line, None, usize::MAX).unwrap(), places, "step {step}, kind {kind}, {line:?}");
        if line == Line::Stored {
            assert_eq!(store.due(kind, u64::MAX, usize::MAX).unwrap(), places, "step {step}, kind {kind}");
        }
    }
}
