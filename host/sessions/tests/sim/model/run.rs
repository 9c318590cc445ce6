//! What a run's operations, and the host's death during one, must come to (section 3 of the design: the table of how a run
//! ends).

use mpy6a_sessions::{
    Attempt, Handle, Index, Outcome, Refusal, Report, SessionOp, State,
    limits::ATTEMPTS_MAX,
    rules::{Ended, Reply},
};

use super::{Expected, Kept, Model, Moment};

/// How a handler finished its session.
enum Finish {
    Delete,
    Store(Option<u32>),
}

impl Model {
    /// A write-ahead barrier.
    pub(super) fn barrier(&mut self, handle: Handle, ops: &[SessionOp]) -> Expected {
        Expected { result: self.try_barrier(handle, ops), slack_ms: 0 }
    }

    fn try_barrier(&mut self, handle: Handle, ops: &[SessionOp]) -> Result<Reply, Refusal> {
        let mut kept = self.held_by_run(handle)?;
        if self.apply_all(&mut kept, ops)?.is_some() {
            return Err(Refusal::SessionFinished(handle.id));
        }
        kept.session.change_id = self.next_index();
        self.sessions.insert(handle.id, kept);
        Ok(Reply::Done)
    }

    /// A run ended.
    pub(super) fn finish(&mut self, handle: Handle, ops: &[SessionOp], report: &Report, moment: Moment) -> Expected {
        let before = match self.held_by_run(handle) {
            Ok(kept) => kept,
            Err(refusal) => return Expected { result: Err(refusal), slack_ms: 0 },
        };
        self.running.retain(|_, (run, _)| *run != handle);
        let mut report = report.clone();
        let mut kept = before.clone();
        let mut finish = None;
        if matches!(report.outcome, Outcome::Returned | Outcome::Retry(_) | Outcome::Permanent(_)) {
            match self.apply_all(&mut kept, ops) {
                Ok(finished) => finish = finished,
                // All or nothing: what comes before the refused one is thrown away with it.
                Err(refusal) => {
                    kept = before.clone();
                    report.outcome = Outcome::ContractBroken(refusal.to_string());
                }
            }
        }
        let index = self.next_index();
        kept.session.change_id = index;
        if matches!(finish, Some(Finish::Delete)) {
            self.bury(kept.session, moment);
            self.sessions.remove(&handle.id);
            return Expected { result: Ok(Reply::Ended(Ended::Deleted)), slack_ms: 0 };
        }
        let ended = self.what_becomes(&mut kept, finish, &report.outcome, index, moment);
        kept.remember_attempt(&before, report);
        let slack_ms = kept.slack_ms;
        self.sessions.insert(handle.id, kept);
        Expected { result: Ok(Reply::Ended(ended)), slack_ms }
    }

    fn what_becomes(
        &self,
        kept: &mut Kept,
        finish: Option<Finish>,
        outcome: &Outcome,
        index: Index,
        moment: Moment,
    ) -> Ended {
        let policy = self.policy(kept.session.kind);
        if matches!(outcome, Outcome::Permanent(_)) {
            return kept.park(moment);
        }
        let wait_ms = match finish {
            Some(Finish::Store(timeout_s)) => timeout_s.map_or(policy.delay_ms, |s| u64::from(s) * 1000),
            _ => policy.backoff.wait_ms(kept.session.repeats),
        };
        if finish.is_some() && *outcome == Outcome::Returned {
            kept.session.repeats = 0;
            return Ended::Stored { due_ms: kept.store(index, moment, wait_ms, policy.jitter_ms) };
        }
        if kept.session.repeats >= policy.max_repeats {
            return kept.park(moment);
        }
        Ended::Backoff { due_ms: kept.store(index, moment, wait_ms, policy.jitter_ms) }
    }

    /// The host died while a run held the session: due at once, and the repeat counts.
    pub(super) fn host_died(&mut self, id: Index, index: Index, moment: Moment) {
        let mut kept = self.sessions[&id].clone();
        let before = kept.clone();
        kept.session.change_id = index;
        if kept.session.repeats >= self.policy(kept.session.kind).max_repeats {
            kept.park(moment);
        } else {
            kept.store(index, moment, 0, 0);
        }
        kept.remember_attempt(&before, Report::bare(Outcome::HostDied));
        self.sessions.insert(id, kept);
    }

    fn held_by_run(&self, handle: Handle) -> Result<Kept, Refusal> {
        let kept = self.sessions.get(&handle.id).ok_or(Refusal::SessionNotFound(handle.id))?;
        match kept.session.state {
            State::Repeating { key, .. } if key == handle.key => Ok(kept.clone()),
            _ => Err(Refusal::LeaseLost(handle.id)),
        }
    }

    fn apply_all(&self, kept: &mut Kept, ops: &[SessionOp]) -> Result<Option<Finish>, Refusal> {
        let mut finish = None;
        for op in ops {
            if finish.is_some() {
                return Err(Refusal::SessionFinished(kept.session.id));
            }
            match op {
                SessionOp::Append(record) => kept.append(record, &self.limits)?,
                SessionOp::Replace(record) => {
                    kept.records.clear();
                    kept.append(record, &self.limits)?;
                }
                SessionOp::Delete => finish = Some(Finish::Delete),
                SessionOp::Store { timeout_s } => {
                    self.check_timeout(*timeout_s)?;
                    finish = Some(Finish::Store(*timeout_s));
                }
            }
        }
        Ok(finish)
    }
}

impl Kept {
    pub(super) fn park(&mut self, moment: Moment) -> Ended {
        self.session.state = State::Parked { since_ms: moment.now_ms };
        self.slack_ms = 0;
        Ended::Parked
    }

    fn remember_attempt(&mut self, before: &Self, report: Report) {
        let State::Repeating { since_ms, .. } = before.session.state else { return };
        let session = &before.session;
        self.attempts.push(Attempt { fence: session.fence, repeat: session.repeats, started_ms: since_ms, report });
        let kept_max = usize::try_from(ATTEMPTS_MAX).unwrap();
        self.attempts.drain(..self.attempts.len().saturating_sub(kept_max));
        self.session.attempts = u32::try_from(self.attempts.len()).unwrap();
    }
}
