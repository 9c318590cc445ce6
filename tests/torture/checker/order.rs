//! The order that indexes say: the host numbers what it applies, over all sessions, and says the numbers in its answers.

use std::collections::{BTreeMap, HashMap};

use super::{Complaint, complaint};
use crate::history::{Answer, At, Call, History, Index, What};

/// Something that was applied at a known index, between two moments.
struct Applied<'a> {
    session: &'a History,
    index: Index,
    began: At,
    ended: At,
}

pub fn check(sessions: &[History]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for session in sessions {
        complaints.extend(retries(session));
    }
    let mut applied: Vec<Applied<'_>> = sessions.iter().flat_map(applied).collect();
    complaints.extend(used_twice(&applied));
    complaints.extend(against_time(&mut applied));
    complaints
}

/// A retry gets the first answer.
fn retries(session: &History) -> Vec<Complaint> {
    let mut first: Vec<&Call> = Vec::new();
    let mut complaints = Vec::new();
    for call in session.calls.iter().filter(|call| is_named(call) && matches!(call.answer, Answer::Done { .. })) {
        match first.iter().find(|other| same_operation(other, call)) {
            None => first.push(call),
            Some(other) if other.answer == call.answer => {}
            Some(other) => complaints.push(complaint(
                "an answer changed on retry",
                session,
                format!("{:?} was answered {:?}, and then {:?}", call.what, other.answer, call.answer),
            )),
        }
    }
    complaints
}

/// Whether the host can tell a retry of it.
pub(super) fn is_named(call: &Call) -> bool {
    !call.forged && call.what != What::Renew && (call.number != 0 || matches!(call.what, What::Open(_)))
}

/// Whether two calls are the same operation, tried twice.
pub(super) fn same_operation(one: &Call, other: &Call) -> bool {
    is_named(one) && is_named(other) && (one.number, &one.what) == (other.number, &other.what)
}

/// What is known to have been applied, one entry for each operation.
fn applied(session: &History) -> Vec<Applied<'_>> {
    let mut by_index: BTreeMap<(Index, u64), Applied<'_>> = BTreeMap::new();
    for call in &session.calls {
        let Answer::Done { change: Some(index), .. } = call.answer else { continue };
        // Of one operation tried several times any try may be the one that was applied, up to the first answer.
        let began = session.calls.iter().find(|other| same_operation(other, call)).map_or(call.began, |it| it.began);
        let new = || Applied { session, index, began, ended: call.ended };
        let entry = by_index.entry((index, call.number)).or_insert_with(new);
        entry.ended = entry.ended.min(call.ended);
    }
    let mut all: Vec<_> = by_index.into_values().collect();
    // When a run was handed its session the claim was done; when it was begun nobody outside knows.
    all.extend(session.handed.iter().map(|handed| Applied {
        session,
        index: handed.fence,
        began: At::ZERO,
        ended: handed.seen,
    }));
    all
}

fn used_twice(applied: &[Applied<'_>]) -> Vec<Complaint> {
    let mut users: HashMap<Index, &Applied<'_>> = HashMap::new();
    let mut complaints = Vec::new();
    for one in applied {
        if let Some(other) = users.insert(one.index, one) {
            let seen = format!("{} is a change of session {} and of {}", one.index, other.session.tag, one.session.tag);
            complaints.push(complaint("one index, two operations", one.session, seen));
        }
    }
    complaints
}

/// What was answered before another operation was sent has the smaller index.
fn against_time(applied: &mut [Applied<'_>]) -> Vec<Complaint> {
    let mut by_end: Vec<(At, Index)> = applied.iter().map(|it| (it.ended, it.index)).collect();
    by_end.sort_unstable();
    applied.sort_unstable_by_key(|it| it.began);
    let mut ended = by_end.into_iter().peekable();
    let mut newest = Index::default();
    let mut complaints = Vec::new();
    for it in applied {
        while let Some((_, index)) = ended.next_if(|(at, _)| *at < it.began) {
            newest = newest.max(index);
        }
        if it.index < newest {
            let seen = format!("{} was sent at {:?}, after {newest} had been answered", it.index, it.began);
            complaints.push(complaint("reordered", it.session, seen));
        }
    }
    complaints
}
