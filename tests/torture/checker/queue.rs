//! The queue of a kind: of two stored sessions the one that is due first is repeated first.

use std::collections::BTreeMap;

use super::{Complaint, complaint, order::same_operation, time::stored};
use crate::history::{Answer, At, History, Index};

/// A session that waits for its due time and then for a run.
struct Waiting<'a> {
    session: &'a History,
    /// As sessions are claimed: earlier due time first; for equal ones, the one stored first.
    due: (u64, Index),
    /// From this change on the scheduler surely knew of it: it was asked for after the Store had been answered.
    known: Option<Index>,
    claimed: Index,
}

/// Of two stored sessions of a kind the one that is due first is repeated first, if both were known of.
pub fn check(sessions: &[History]) -> Vec<Complaint> {
    let next_change = NextChange::of(sessions);
    let mut kinds: BTreeMap<u32, Vec<Waiting<'_>>> = BTreeMap::new();
    for session in sessions {
        let Some((store, due_ms, handed)) = stored(session) else { continue };
        let Answer::Done { change: Some(change), .. } = store.answer else { continue };
        let known = next_change.after(store.ended);
        let waiting = Waiting { session, due: (due_ms, change), known, claimed: handed.fence };
        kinds.entry(session.kind).or_default().push(waiting);
    }
    kinds.into_values().flat_map(|mut waiting| overtaken(&mut waiting)).collect()
}

fn overtaken(waiting: &mut [Waiting<'_>]) -> Vec<Complaint> {
    waiting.sort_unstable_by_key(|it| it.due);
    let mut complaints = Vec::new();
    for (at, first) in waiting.iter().enumerate() {
        let Some(known) = first.known else { continue };
        let overtook = waiting[at + 1..].iter().find(|later| known < later.claimed && later.claimed < first.claimed);
        if let Some(later) = overtook {
            let seen = format!(
                "due {:?} and claimed at {}, after session {}, which was due {:?} and claimed at {}",
                first.due, first.claimed, later.session.tag, later.due, later.claimed
            );
            complaints.push(complaint("repeated out of order", first.session, seen));
        }
    }
    complaints
}

/// The changes that were surely applied after they were asked for, by that moment, each with the smallest index from it on.
struct NextChange(Vec<(At, Index)>);

impl NextChange {
    fn of(sessions: &[History]) -> Self {
        let mut changes = Vec::new();
        for session in sessions {
            for (at, call) in session.calls.iter().enumerate() {
                let Answer::Done { change: Some(index), .. } = call.answer else { continue };
                // What a retry is answered may have been applied before it.
                if !session.calls[..at].iter().any(|other| same_operation(other, call)) {
                    changes.push((call.began, index));
                }
            }
        }
        changes.sort_unstable();
        for at in (1..changes.len()).rev() {
            changes[at - 1].1 = changes[at - 1].1.min(changes[at].1);
        }
        Self(changes)
    }

    fn after(&self, at: At) -> Option<Index> {
        let from = self.0.partition_point(|(began, _)| *began <= at);
        self.0.get(from).map(|(_, index)| *index)
    }
}
