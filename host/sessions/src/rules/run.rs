//! What runs of a handler do: claim a session, commit on the way, end.
//!
//! | the handler | its operations | the session |
//! |---|---|---|
//! | deleted, then returned anything | committed | gone |
//! | returned `permanent` | committed | parked |
//! | stored, then returned ok | committed | stored with that timeout; repeats are counted anew |
//! | stored, then returned `retry` | committed | stored with that timeout |
//! | returned ok or `retry` and finished nothing | committed | stored after the backoff |
//! | was ended by a trap or a limit | thrown away | stored after the backoff |
//!
//! In the last three lines a session that is out of repeats is parked instead.

use crate::{
    attempt::{Attempt, Outcome, Report},
    error::Refusal,
    ids::Key,
    limits::{ATTEMPTS_MAX, Limits},
    op::{SessionOp, Stamp},
    rules::{Change, Decision, Ended, RecordsChange, Reply, Size, check_timeout, client::change_of_state},
    session::{Due, Session, Standing, State},
};

/// A run takes a session that is due. The repeat is counted here, before the handler starts: one that kills its host is
/// parked at last.
pub(super) fn claim(session: &Session, key: Key, stamp: &Stamp) -> Decision {
    let Some(due) = session.state.due().filter(|due| due.at_ms <= stamp.now_ms) else {
        return Decision::Answer(Reply::Moot);
    };
    let mut after = session.clone();
    after.change_id = stamp.index;
    after.fence = stamp.index;
    after.state = State::Repeating { key, due, since_ms: stamp.now_ms };
    after.repeats = session.repeats.saturating_add(1);
    if after.client.standing == Standing::Holds {
        after.client.standing = Standing::Lost;
    }
    change_of_state(after)
}

/// Make durable what the handler asked so far. Never holds `Delete` or `Store`: a finished session has no run any more.
pub(super) fn barrier(
    limits: &Limits,
    session: &Session,
    key: Key,
    ops: &[SessionOp],
    stamp: &Stamp,
) -> Result<Decision, Refusal> {
    check_run(session, key)?;
    let mut after = Session { change_id: stamp.index, ..session.clone() };
    let (records, finish) = apply(limits, &mut after, ops)?;
    if finish.is_some() {
        return Err(Refusal::SessionFinished(session.id));
    }
    let reply = Reply::Done;
    Ok(Decision::Change(Box::new(Change { session: after, gone: false, records, attempt: None, reply })))
}

/// A run ended: the table above.
pub(super) fn finish(
    limits: &Limits,
    session: &Session,
    key: Key,
    ops: &[SessionOp],
    report: &Report,
    stamp: &Stamp,
) -> Result<Decision, Refusal> {
    check_run(session, key)?;
    let mut report = report.clone().bounded();
    let mut after = Session { change_id: stamp.index, ..session.clone() };
    let mut records = RecordsChange::default();
    let mut finish = None;
    if report.outcome.is_returned() {
        match apply(limits, &mut after, ops) {
            Ok(applied) => (records, finish) = applied,
            // The draft refused these already; a sandbox that let them through is not to be believed.
            Err(refusal) => {
                after = Session { change_id: stamp.index, ..session.clone() };
                report.outcome = Outcome::ContractBroken(refusal.to_string());
            }
        }
    }
    let ended = what_becomes(&mut after, finish, &report.outcome, stamp);
    let gone = ended == Ended::Deleted;
    let attempt = (!gone).then(|| attempt_of(session, report));
    after.attempts = kept_attempts(session);
    Ok(Decision::Change(Box::new(Change { session: after, gone, records, attempt, reply: Reply::Ended(ended) })))
}

/// The host died during a run: the repeat counts, and the session is due at once.
pub(super) fn host_died(session: &Session, stamp: &Stamp) -> Decision {
    if !matches!(session.state, State::Repeating { .. }) {
        return Decision::Answer(Reply::Moot);
    }
    let mut after = Session { change_id: stamp.index, ..session.clone() };
    let ended = repeat_or_park(&mut after, stamp.now_ms, stamp);
    let attempt = Some(attempt_of(session, Report::bare(Outcome::HostDied)));
    after.attempts = kept_attempts(session);
    let records = RecordsChange::default();
    Decision::Change(Box::new(Change { session: after, gone: false, records, attempt, reply: Reply::Ended(ended) }))
}

fn check_run(session: &Session, run_key: Key) -> Result<(), Refusal> {
    match session.state {
        State::Repeating { key, .. } if key == run_key => Ok(()),
        _ => Err(Refusal::LeaseLost(session.id)),
    }
}

/// How a handler finished its session.
#[derive(Clone, Copy)]
enum Finish {
    Delete,
    Store { timeout_s: Option<u32> },
}

/// Apply a run's operations in order. All or nothing: after an error `after` is not to be used.
fn apply(limits: &Limits, after: &mut Session, ops: &[SessionOp]) -> Result<(RecordsChange, Option<Finish>), Refusal> {
    let mut records = RecordsChange::default();
    let mut finish = None;
    for op in ops {
        if finish.is_some() {
            return Err(Refusal::SessionFinished(after.id));
        }
        match op {
            SessionOp::Append(record) => {
                after.set_size(Size::of(after).with_appended(record.len(), limits)?);
                records.append(record.clone());
            }
            SessionOp::Replace(record) => {
                after.set_size(Size::default().with_appended(record.len(), limits)?);
                records.replace(record.clone());
            }
            SessionOp::Delete => finish = Some(Finish::Delete),
            SessionOp::Store { timeout_s } => {
                check_timeout(*timeout_s, limits)?;
                finish = Some(Finish::Store { timeout_s: *timeout_s });
            }
        }
    }
    Ok((records, finish))
}

fn what_becomes(after: &mut Session, finish: Option<Finish>, outcome: &Outcome, stamp: &Stamp) -> Ended {
    match (finish, outcome) {
        (Some(Finish::Delete), _) => Ended::Deleted,
        (_, Outcome::Permanent(_)) => park(after, stamp),
        (Some(Finish::Store { timeout_s }), outcome) => {
            let due_ms = stamp.due_ms(timeout_s.map_or(stamp.policy.delay_ms, |s| u64::from(s) * 1000));
            if *outcome == Outcome::Returned {
                after.repeats = 0;
                store(after, due_ms, stamp);
                Ended::Stored { due_ms }
            } else {
                repeat_or_park(after, due_ms, stamp)
            }
        }
        (None, _) => {
            let due_ms = stamp.due_ms(stamp.policy.backoff.wait_ms(after.repeats));
            repeat_or_park(after, due_ms, stamp)
        }
    }
}

fn repeat_or_park(after: &mut Session, due_ms: u64, stamp: &Stamp) -> Ended {
    if after.repeats >= stamp.policy.max_repeats {
        return park(after, stamp);
    }
    store(after, due_ms, stamp);
    Ended::Backoff { due_ms }
}

fn store(after: &mut Session, due_ms: u64, stamp: &Stamp) {
    after.state = State::Stored(Due { at_ms: due_ms, stored: stamp.index });
    after.stored_ms = stamp.now_ms;
}

fn park(after: &mut Session, stamp: &Stamp) -> Ended {
    after.state = State::Parked { since_ms: stamp.now_ms };
    Ended::Parked
}

/// How many attempts the session keeps with one more.
fn kept_attempts(session: &Session) -> u32 {
    session.attempts.saturating_add(1).min(ATTEMPTS_MAX)
}

fn attempt_of(session: &Session, report: Report) -> Attempt {
    let started_ms = match session.state {
        State::Repeating { since_ms, .. } => since_ms,
        _ => session.stored_ms,
    };
    Attempt { fence: session.fence, repeat: session.repeats, started_ms, report }
}
