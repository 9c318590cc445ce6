//! The session of an offline life: in memory, under the host's own rules.
//!
//! What an operation, a claim or a crash does is decided by [`mpy6a_sessions::rules`], the very functions that the host's
//! writer calls. Only the store is left out.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mpy6a_plugins::barrier::{Barrier, Committing};
use mpy6a_sessions::{
    Caller, Claimed, Ended, Error, Handle, Index, Key, KindPolicy, Limits, New, Outcome, Refusal, Report, Session,
    SessionOp, State,
    op::{Op, Stamp},
    rules::{Change, Decision, Reply, decide},
};

use super::clock::VirtualClock;

/// The client's key and the runs'. There is one session, and nobody who could guess.
const CLIENT: Key = Key(1);
const RUN: Key = Key(2);

/// One session and what became of it.
pub struct OfflineSession {
    limits: Limits,
    policy: KindPolicy,
    clock: Arc<VirtualClock>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    /// The last index that was used.
    index: u64,
    session: Option<Session>,
    gone: bool,
    records: Vec<Bytes>,
    /// Every operation of a handler that was committed, in order.
    committed: Vec<SessionOp>,
}

impl OfflineSession {
    /// A session as a client left it: opened, given these records, stored.
    ///
    /// # Errors
    ///
    /// What the host would have refused the client.
    pub fn stored(
        limits: Limits,
        policy: KindPolicy,
        clock: Arc<VirtualClock>,
        kind: u32,
        records: &[Bytes],
        traceparent: Option<String>,
    ) -> Result<Self, Refusal> {
        let this = Self { limits, policy, clock, now: Mutex::default() };
        let new = New { kind, record: None, request: None, traceparent };
        let caller = Caller::default();
        this.apply(&Op::New { new, key: CLIENT, caller })?;
        let handle = Handle { id: Index { term: 1, index: 1 }, key: CLIENT };
        let appends = records.iter().map(|record| SessionOp::Append(record.clone()));
        for op in appends.chain([SessionOp::Store { timeout_s: None }]) {
            this.apply(&Op::Client { handle, number: 0, fingerprint: op.fingerprint(), op, caller })?;
        }
        Ok(this)
    }

    /// Wait until it is due, and take it for a run. None if no run may have it any more: it is gone or parked.
    ///
    /// # Errors
    ///
    /// What the rules refuse, which would be a fault of this program.
    pub async fn claim(&self) -> Result<Option<Claimed>, Refusal> {
        let Some(due) = self.lock().live().and_then(|session| session.state.due()) else { return Ok(None) };
        self.clock.wait_until(due.at_ms).await;
        let id = Index { term: 1, index: 1 };
        self.apply(&Op::Claim { id, key: RUN })?;
        let now = self.lock();
        Ok(now.live().map(|session| Claimed {
            session: session.clone(),
            records: now.records.clone(),
            handle: Handle { id, key: RUN },
            due,
            claimed_ms: self.clock.now_ms(),
            late: Duration::ZERO,
            claimed_at: Duration::ZERO,
        }))
    }

    /// A run ended by itself or by a limit.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn finish(&self, handle: Handle, ops: Vec<SessionOp>, report: Report) -> Result<Option<Ended>, Refusal> {
        let returned = report.outcome.is_returned();
        let reply = self.apply(&Op::Finish { handle, ops: ops.clone(), report })?;
        if returned {
            self.lock().committed.extend(ops);
        }
        Ok(match reply {
            Reply::Ended(ended) => Some(ended),
            _ => None,
        })
    }

    /// The host died during a run, and comes back.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn crash(&self, id: Index) -> Result<(), Refusal> {
        self.apply(&Op::HostDied(id)).map(drop)
    }

    /// What it holds now; nothing once it is gone.
    #[must_use]
    pub fn records(&self) -> Vec<Bytes> {
        let now = self.lock();
        if now.gone { Vec::new() } else { now.records.clone() }
    }

    /// What became of it.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.lock().live().map(|session| session.state)
    }

    /// Every operation of a handler that was committed, in order.
    #[must_use]
    pub fn committed(&self) -> Vec<SessionOp> {
        self.lock().committed.clone()
    }

    fn apply(&self, op: &Op) -> Result<Reply, Refusal> {
        let mut now = self.lock();
        let index = Index { term: 1, index: now.index + 1 };
        // No jitter: the same life, every time.
        let stamp = Stamp { index, now_ms: self.clock.now_ms(), entropy: 0, policy: self.policy };
        match decide(&self.limits, now.live(), op, &stamp)? {
            Decision::Answer(reply) => Ok(reply),
            Decision::Change(change) => {
                now.index += 1;
                Ok(now.take_over(*change))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn live(&self) -> Option<&Session> {
        self.session.as_ref().filter(|_| !self.gone)
    }

    fn take_over(&mut self, change: Change) -> Reply {
        if change.records.clear {
            self.records.clear();
        }
        self.records.extend(change.records.append);
        self.gone = change.gone;
        self.session = Some(change.session);
        change.reply
    }
}

impl Barrier for OfflineSession {
    fn commit(&self, handle: Handle, ops: Vec<SessionOp>) -> Committing<'_> {
        let applied = self.apply(&Op::Barrier { handle, ops: ops.clone() });
        if applied.is_ok() {
            self.lock().committed.extend(ops);
        }
        Box::pin(async move { applied.map(drop).map_err(Error::from) })
    }
}

/// How a run of a handler left its session, by name.
#[must_use]
pub fn ending(outcome: &Outcome, ended: Option<Ended>) -> &'static str {
    match (outcome, ended) {
        (Outcome::Returned, Some(Ended::Deleted)) => "deleted",
        (Outcome::Returned, Some(Ended::Stored { .. })) => "stored",
        (Outcome::Returned, _) => "unfinished",
        (outcome, _) => outcome.name(),
    }
}
