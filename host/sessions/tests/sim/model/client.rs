//! What a client's operation must come to (sections 2 and 3 of the design: who holds a session, and retries).

use std::time::Duration;

use mpy6a_sessions::{
    Answered, Applied, Caller, Client, Handle, Index, Key, New, Opened, OpenedBy, Origin, Refusal, RequestName,
    Session, SessionOp, Standing, State, limits::TRACEPARENT_BYTES_MAX, op::Op, rules::Reply,
};

use super::{Expected, Kept, Model, Moment};

impl Model {
    /// `New`.
    pub(super) fn open(&mut self, new: &New, key: Key, caller: &Caller, moment: Moment) -> Expected {
        Expected { result: self.try_open(new, key, caller, moment), slack_ms: 0 }
    }

    fn try_open(&mut self, new: &New, key: Key, caller: &Caller, moment: Moment) -> Result<Reply, Refusal> {
        let policy = *self.kinds.get(new.kind).ok_or(Refusal::KindUnknown(new.kind))?;
        if let (Some(RequestName { number: number @ 1.., .. }), Some(client)) = (new.request, caller.client) {
            let settled_below = self.settled_below(client.id);
            if number < settled_below {
                return Err(Refusal::RequestSettled { number, settled_below });
            }
        }
        if let Some((fingerprint, opened)) = new.request.and_then(|name| self.answer_to(&name)) {
            let same = fingerprint == new.fingerprint();
            if same && let Some(kept) = self.sessions.get_mut(&opened.handle.id) {
                kept.grant(moment);
            }
            return if same { Ok(Reply::Opened(opened)) } else { Err(Refusal::RequestIdReused) };
        }
        let too_long = |text: &Option<String>, max| text.as_ref().is_some_and(|text| text.len() > max);
        if too_long(&new.traceparent, TRACEPARENT_BYTES_MAX) {
            return Err(Refusal::TooLong { what: "the traceparent (in bytes)", max: TRACEPARENT_BYTES_MAX });
        }
        let id = Index { index: self.last.index + 1, ..self.last };
        let mut kept = opened(id, new, key, caller, policy.lease_ms, moment);
        if let Some(record) = &new.record {
            kept.append(record, &self.limits)?;
        }
        self.next_index();
        let opened = Opened { handle: Handle { id, key }, fence: id, lease_ms: policy.lease_ms };
        self.sessions.insert(id, kept);
        Ok(Reply::Opened(opened))
    }

    /// `Append`, `Replace`, `Delete`, `Store`.
    pub(super) fn operate(
        &mut self,
        handle: Handle,
        (number, fingerprint): (u64, u64),
        (op, whole): (&SessionOp, &Op),
        moment: Moment,
    ) -> Expected {
        // What a retry is told was said before a person changed the session, in this batch.
        let unseen = self.unseen.get(&handle.id).copied();
        let slack_ms = unseen.or_else(|| Some(self.sessions.get(&handle.id)?.slack_ms)).unwrap_or(0);
        match self.check_client(handle, number, fingerprint) {
            Ok(Some(first)) => {
                if let Some(kept) = self.sessions.get_mut(&handle.id) {
                    kept.grant(moment);
                }
                Expected { result: Ok(Reply::Applied(first)), slack_ms }
            }
            Ok(None) => self.apply(handle.id, (number, fingerprint), (op, whole), moment),
            Err(refusal) => Expected { result: Err(refusal), slack_ms: 0 },
        }
    }

    /// A renewal: the length of the lease, and whether it took the session up again.
    pub(super) fn renew(&mut self, handle: Handle, moment: Moment) -> Result<(u64, bool), Refusal> {
        self.check_client(handle, 0, 0)?;
        let index = Index { index: self.last.index + 1, ..self.last };
        let kept = self.sessions.get_mut(&handle.id).ok_or(Refusal::SessionNotFound(handle.id))?;
        let resumes = !kept.is_active();
        if resumes {
            kept.session.state = State::Active;
            kept.session.change_id = index;
            kept.slack_ms = 0;
            self.last = index;
        }
        kept.grant(moment);
        Ok((kept.session.client.lease_ms, resumes))
    }

    fn apply(
        &mut self,
        id: Index,
        (number, fingerprint): (u64, u64),
        (op, whole): (&SessionOp, &Op),
        moment: Moment,
    ) -> Expected {
        let index = Index { index: self.last.index + 1, ..self.last };
        let mut kept = self.sessions[&id].clone();
        let policy = self.policy(kept.session.kind);
        let mut due_ms = None;
        kept.session.state = State::Active;
        kept.session.change_id = index;
        kept.session.origin.handed_on |= is_by_another(whole, &kept.session);
        kept.slack_ms = 0;
        let done = match op {
            SessionOp::Append(record) => kept.append(record, &self.limits),
            SessionOp::Replace(record) => {
                kept.records.clear();
                kept.append(record, &self.limits)
            }
            SessionOp::Delete => {
                kept.session.client.standing = Standing::GaveUp;
                Ok(())
            }
            SessionOp::Store { timeout_s } => self.check_timeout(*timeout_s).map(|()| {
                let wait_ms = timeout_s.map_or(policy.delay_ms, |s| u64::from(s) * 1000);
                kept.session.client.standing = Standing::GaveUp;
                due_ms = Some(kept.store(index, moment, wait_ms, policy.jitter_ms));
            }),
        };
        if let Err(refusal) = done {
            return Expected { result: Err(refusal), slack_ms: 0 };
        }
        let applied = Applied { change_id: index, due_ms };
        if number != 0 {
            kept.session.client.last = Some(Answered { number, fingerprint, applied });
        }
        kept.grant(moment);
        let slack_ms = kept.slack_ms;
        self.last = index;
        if *op == SessionOp::Delete {
            self.bury(kept.session, moment);
            self.sessions.remove(&id);
        } else {
            self.sessions.insert(id, kept);
        }
        Expected { result: Ok(Reply::Applied(applied)), slack_ms }
    }

    pub(super) fn check_timeout(&self, timeout_s: Option<u32>) -> Result<(), Refusal> {
        let max_s = self.limits.timeout_s_max;
        match timeout_s {
            Some(timeout_s) if timeout_s > max_s => Err(Refusal::TimeoutTooLong { timeout_s, max_s }),
            _ => Ok(()),
        }
    }

    /// Whether a client may go on; with the first answer, if it repeats its last operation.
    fn check_client(&self, handle: Handle, number: u64, fingerprint: u64) -> Result<Option<Applied>, Refusal> {
        let Handle { id, key } = handle;
        let there = self.sessions.get(&id).map(|kept| &kept.session.client);
        let gone = || self.gone.get(&id).map(|tombstone| &tombstone.client);
        let client: &Client = there.or_else(gone).ok_or(Refusal::SessionNotFound(id))?;
        if client.key != key {
            return Err(Refusal::KeyWrong(id));
        }
        let last = client.last.filter(|_| number != 0);
        if let Some(last) = last.filter(|last| last.number == number) {
            let same = last.fingerprint == fingerprint;
            return if same { Ok(Some(last.applied)) } else { Err(Refusal::NumberReused { number }) };
        }
        match (client.standing, last) {
            (Standing::GaveUp, _) => Err(Refusal::SessionFinished(id)),
            (Standing::Lost, _) => Err(Refusal::LeaseLost(id)),
            (Standing::Holds, _) if there.is_none() => Err(Refusal::SessionNotFound(id)),
            (Standing::Holds, Some(last)) if number < last.number => {
                Err(Refusal::NumberStale { number, last: last.number })
            }
            (Standing::Holds, _) => Ok(None),
        }
    }
}

/// Whether a named client's session is worked on by another, who has numbers of its own.
fn is_by_another(op: &Op, session: &Session) -> bool {
    let Op::Client { caller, .. } = op else { return false };
    let opener = session.origin.request.map(|by| by.name).filter(|name| name.number != 0);
    opener.is_some_and(|name| caller.client.is_none_or(|client| client.id != name.caller))
}

/// A session as it is opened.
fn opened(id: Index, new: &New, key: Key, caller: &Caller, lease_ms: u64, moment: Moment) -> Kept {
    let request = new.request.map(|name| OpenedBy { name, fingerprint: new.fingerprint() });
    let session = Session {
        id,
        kind: new.kind,
        change_id: id,
        fence: id,
        client: Client { key, lease_ms, standing: Standing::Holds, last: None },
        state: State::Active,
        created_ms: moment.now_ms,
        stored_ms: moment.now_ms,
        repeats: 0,
        records: 0,
        bytes: 0,
        attempts: 0,
        traceparent: new.traceparent.clone(),
        origin: Origin { access: caller.access, request, handed_on: false },
    };
    let lease_end = moment.monotonic + Duration::from_millis(lease_ms);
    Kept { session, records: Vec::new(), attempts: Vec::new(), lease_end, slack_ms: 0 }
}
