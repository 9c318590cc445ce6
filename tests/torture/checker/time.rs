//! Time: leases run on the monotonic clock, due times on a wall clock that never goes backwards.
//!
//! A run shows when it was claimed only by what it tells the outside a little later, so all that can be seen is that
//! something was *too early*: the outside saw it before it could have been.

use std::time::Duration;

use super::{Complaint, complaint, order::same_operation};
use crate::history::{Answer, At, Call, Handed, History, What};

/// What the wall clock of the host was made to say, in steps.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    pub steps: Vec<Step>,
}

/// The host's wall clock was set, between two moments.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub began: At,
    pub ended: At,
    /// The real wall clock at the end, Unix milliseconds.
    pub real_ms: u64,
    /// How far the host's clock is ahead of the real one from then on, in milliseconds.
    pub ahead_ms: i64,
}

impl Clock {
    /// The latest that the host may take the time to be, by the rule of `SteadyTime` in `host/sessions/src/clock.rs`: the
    /// clock's word, or, after it was set back, the time before, gone on at half its pace.
    pub fn latest_ms(&self, at: At, real_ms: u64) -> u64 {
        let mut latest = real_ms.saturating_add_signed(self.ahead_ms(at));
        let mut ahead_ms = 0;
        for step in self.steps.iter().filter(|step| step.began <= at) {
            let before = step.real_ms.saturating_add_signed(ahead_ms);
            let since_ms = u64::try_from(at.saturating_sub(step.ended).as_millis()).unwrap_or(u64::MAX);
            latest = latest.max(before + since_ms.div_ceil(2));
            ahead_ms = step.ahead_ms;
        }
        latest
    }

    fn ahead_ms(&self, at: At) -> i64 {
        self.steps.iter().rev().find(|step| step.began <= at).map_or(0, |step| step.ahead_ms)
    }
}

/// How much a complaint about lateness forgives: what a queue for workers on a busy machine takes. The clock jumps further.
const SLACK: Duration = Duration::from_secs(30);

pub fn check(session: &History, clock: &Clock) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for handed in &session.handed {
        let latest_ms = clock.latest_ms(handed.seen, handed.seen_ms);
        if latest_ms < handed.due_ms {
            let seen = format!("due at {} ms, handed to a run when it was {latest_ms} at the latest", handed.due_ms);
            complaints.push(complaint("repeated before it was due", session, seen));
        }
    }
    complaints.extend(leases(session));
    complaints.extend(other_due_time(session));
    complaints
}

/// No run has a session whose client was heard of within its lease.
fn leases(session: &History) -> Vec<Complaint> {
    if session.calls.iter().any(may_have_given_up) {
        return Vec::new();
    }
    let claim = session.first_run().map(|handed| (handed.seen, format!("claimed by {}", handed.fence)));
    let refused = session.calls.iter().find(|call| call.answer == Answer::Refused("LEASE_LOST".to_owned()));
    let refused = refused.map(|call| (call.ended, "refused with LEASE_LOST".to_owned()));
    let Some((lost, how)) = claim.into_iter().chain(refused).min() else { return Vec::new() };
    // Only what was done when it was first asked surely began the lease again: a retry may get its answer from a session
    // that changed hands long ago.
    let first = |call: &&Call| session.calls.iter().find(|it| same_operation(it, call)).is_none_or(|it| it == *call);
    let heard = session.calls.iter().filter(|call| matches!(call.answer, Answer::Done { .. }) && !call.forged);
    let Some(last) = heard.filter(first).map(|call| call.began).max() else { return Vec::new() };
    let ends = last + session.lease + session.delay;
    let early = (lost < ends).then(|| format!("heard of at {last:?}, lease {:?}, {how} at {lost:?}", session.lease));
    early.map(|seen| complaint("a lease ended early", session, seen)).into_iter().collect()
}

/// Whether the client may have closed the session itself, so that no lease protects it.
fn may_have_given_up(call: &Call) -> bool {
    matches!(call.what, What::Store(_) | What::Delete) && !matches!(call.answer, Answer::Refused(_))
}

/// The first repeat after a Store is for the due time that its answer said.
fn other_due_time(session: &History) -> Option<Complaint> {
    let (_, due_ms, handed) = stored(session)?;
    (handed.due_ms != due_ms)
        .then(|| complaint("another due time", session, format!("{due_ms} was promised, {} kept", handed.due_ms)))
}

/// The client's Store, when it was answered, what due time that said, and the run that it led to.
pub(super) fn stored(session: &History) -> Option<(&Call, u64, &Handed)> {
    let store = session
        .calls
        .iter()
        .find(|call| matches!(call.what, What::Store(_)) && matches!(call.answer, Answer::Done { .. }))?;
    let Answer::Done { due_ms: Some(due_ms), .. } = store.answer else { return None };
    let handed = session.first_run().filter(|handed| handed.repeat == 1)?;
    Some((store, due_ms, handed))
}

/// A session that was left alone is repeated in time, whatever the clock does: after twice the wait at most. Only where
/// nothing else kept the host from it.
pub fn check_late(sessions: &[History]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for session in sessions {
        let (Some(handed), Some(last)) = (session.first_run(), session.calls.iter().rfind(|call| !call.forged)) else {
            continue;
        };
        let wait = match last.what {
            What::Store(timeout) => timeout.map_or(session.delay, |s| Duration::from_secs(s.into())),
            _ => session.lease + session.delay,
        };
        let latest = last.ended.min(handed.seen).max(last.began) + 2 * wait + SLACK;
        if handed.seen > latest {
            let seen = format!("last heard of at {:?}, handed to a run at {:?} only", last.began, handed.seen);
            complaints.push(complaint("repeated late", session, seen));
        }
    }
    complaints
}
