//! A history as moves: each happened once, between two moments, or perhaps never.

use super::{
    model::State,
    order::{is_named, same_operation},
};
use crate::history::{Act, Answer, At, Attempt, Call, End, Found, Handed, History, Index, NEVER, Record, What};

/// Something that happened to a session, or that was seen of it.
#[derive(Clone, Debug)]
pub struct Move {
    pub what: Step,
    /// Where it stands among all changes of the host, where that is known: an onlooker stands behind the change that it saw.
    pub at: Option<(Index, bool)>,
    /// It did not happen before.
    pub began: At,
    /// It had happened by then; [`NEVER`]: nobody knows.
    pub ended: At,
    /// Whether it surely happened.
    pub sure: bool,
}

/// The moves there are.
#[derive(Clone, Debug)]
pub enum Step {
    Open { id: Index, record: Record },
    Apply { number: u64, which: usize, act: Act },
    Refuse { number: u64, which: usize, reason: String },
    Renewed,
    Claim { fence: Index, repeat: u32, records: Vec<Record> },
    Part { fence: Index, part: usize, acts: Vec<Act> },
    Finish { fence: Index, part: usize, acts: Vec<Act>, end: End },
    Look(Option<Found>),
}

impl Step {
    /// What becomes of a session by it; none where a right host could not have done so.
    pub fn make(&self, state: &State) -> Option<State> {
        let mut next = state.clone();
        match self {
            Self::Open { id, record } => next.open(*id, *record)?,
            Self::Apply { number, which, act } => next.apply(*number, *which, act)?,
            Self::Refuse { number, which, reason } => next.refuse(*number, *which, reason)?,
            Self::Renewed => next.held_by_client()?,
            Self::Claim { fence, repeat, records } => next.claim(*fence, *repeat, records)?,
            Self::Part { fence, part, acts } => next.part(*fence, *part, acts)?,
            Self::Finish { fence, part, acts, end } => next.finish(*fence, *part, acts, *end)?,
            Self::Look(found) => next.look(found.as_ref())?,
        }
        Some(next)
    }
}

/// The moves of a session that was opened; none of one that perhaps never was and that nobody saw.
pub fn of(session: &History) -> Vec<Move> {
    let Some(id) = session.id() else { return Vec::new() };
    let mut moves = of_calls(session, id);
    session.handed.iter().for_each(|handed| moves.extend(of_run(session, handed)));
    moves.extend(session.looks.iter().map(|look| Move {
        what: Step::Look(look.found.clone()),
        at: look.found.as_ref().map(|found| (found.change, true)),
        began: look.began,
        ended: look.ended,
        sure: true,
    }));
    moves
}

/// Calls that are tries of one operation become one move, and each refusal one of its own.
fn of_calls(session: &History, id: Index) -> Vec<Move> {
    let mut moves = Vec::new();
    for (which, call) in session.calls.iter().enumerate().filter(|(_, call)| !call.forged) {
        let first = session.calls.iter().position(|other| same_operation(other, call)).unwrap_or(which);
        if let Answer::Refused(reason) = &call.answer {
            if tells_of_the_session(reason) {
                let what = Step::Refuse { number: call.number, which: first, reason: reason.clone() };
                moves.push(Move { what, at: None, began: call.began, ended: call.ended, sure: true });
            }
        } else if call.what == What::Renew && call.answer != Answer::Unknown {
            moves.push(Move { what: Step::Renewed, at: None, began: call.began, ended: call.ended, sure: true });
        }
        if first == which {
            moves.extend(applied(session, which, call, id));
        }
    }
    moves
}

/// Whether a refusal says anything of the session: others are of the host, which was busy or stopping.
fn tells_of_the_session(reason: &str) -> bool {
    !matches!(reason, "OVERLOADED" | "SHUTTING_DOWN" | "KIND_UNKNOWN")
}

/// The operation that this call is the first try of, if it was or may have been applied.
fn applied(session: &History, which: usize, call: &Call, id: Index) -> Option<Move> {
    let tries: Vec<&Call> = session.calls[which..]
        .iter()
        .filter(|other| std::ptr::eq(*other, call) || (is_named(call) && same_operation(other, call)))
        .collect();
    let done = tries.iter().find(|call| matches!(call.answer, Answer::Done { .. }));
    if done.is_none() && tries.iter().all(|call| matches!(call.answer, Answer::Refused(_))) {
        return None;
    }
    let what = match &call.what {
        What::Open(record) => Step::Open { id, record: *record },
        What::Renew => return None,
        other => Step::Apply { number: call.number, which, act: act(other)? },
    };
    let change = done.and_then(|done| match &done.answer {
        Answer::Done { change, .. } => *change,
        _ => None,
    });
    let is_open = matches!(call.what, What::Open(_));
    Some(Move {
        what,
        at: change.or(is_open.then_some(id)).map(|index| (index, false)),
        began: call.began,
        ended: done.map_or(NEVER, |done| done.ended),
        // Somebody saw the session, so it was opened.
        sure: done.is_some() || is_open,
    })
}

fn act(what: &What) -> Option<Act> {
    match what {
        What::Append(record) => Some(Act::Append(*record)),
        What::Replace(record) => Some(Act::Replace(*record)),
        What::Delete => Some(Act::Delete),
        What::Store(timeout_s) => Some(Act::Store(*timeout_s)),
        What::Open(_) | What::Renew => None,
    }
}

/// A run: its claim, and what it may have committed of its script.
fn of_run(session: &History, handed: &Handed) -> Vec<Move> {
    let Handed { fence, repeat, ref records, seen, ref script, ref told, .. } = *handed;
    let claim = Step::Claim { fence, repeat, records: records.clone() };
    let mut moves = vec![Move { what: claim, at: Some((fence, false)), began: At::ZERO, ended: seen, sure: true }];
    let Some((last, parts)) = script.parts.split_last() else { return moves };
    for (part, acts) in parts.iter().enumerate() {
        // The request that was seen left after the commit.
        let committed_by = told.get(part).copied();
        let what = Step::Part { fence, part, acts: acts.clone() };
        moves.push(Move {
            what,
            at: None,
            began: seen,
            ended: committed_by.unwrap_or(NEVER),
            sure: committed_by.is_some(),
        });
    }
    let ended = how_it_ended(session, fence);
    if script.end.returns() && !matches!(ended, Some((Attempt::Lost, _))) {
        let what = Step::Finish { fence, part: parts.len(), acts: last.clone(), end: script.end };
        let (ended, sure) = ended.map_or((NEVER, false), |(_, at)| (at, true));
        moves.push(Move { what, at: None, began: seen, ended, sure });
    }
    moves
}

/// How a run ended, and by when, where an onlooker was told.
fn how_it_ended(session: &History, run: Index) -> Option<(Attempt, At)> {
    session.looks.iter().find_map(|look| {
        let (_, attempt) = look.found.as_ref()?.attempts.iter().find(|(fence, _)| *fence == run)?;
        Some((*attempt, look.ended))
    })
}
