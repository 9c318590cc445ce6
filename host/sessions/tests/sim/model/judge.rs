//! One step of the writer, judged: what it was asked, what it answered, what it committed and whom it handed out.
//!
//! The order within a step is the writer's own: messages one after another, then leases that ended, then claims. Every operation
//! that is applied takes the next index.

use std::collections::{BTreeMap, BTreeSet};

use mpy6a_sessions::{
    Claimed, Counts, Error, Handle, Index, Inspected, Kinds, Refusal, Session, Standing, State,
    op::Op,
    rules::{Ended, Reply},
    store::SessionChange,
    writer::Renewals,
};

use super::{Expected, Kept, Model, Moment, Violation};
use crate::watched::Commit;

/// A message as it was sent.
#[derive(Clone, Debug)]
pub enum Sent {
    Apply(Op),
    Renew(Vec<Handle>),
    Inspect(Index),
    Count,
    SetKinds(Kinds),
    StopClaims,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Reply(Result<Reply, Error>),
    Renewals(Result<Renewals, Error>),
    Inspected(Result<Option<Box<Inspected>>, Error>),
    Counts(Result<BTreeMap<u32, Counts>, Error>),
}

/// All that was seen of a step.
pub struct Seen<'a> {
    pub sent: &'a [Sent],
    /// For each message.
    pub answers: &'a [Option<Answer>],
    pub commit: Option<&'a Commit>,
    pub claims: &'a [Claimed],
    /// Whether the step answered Ok.
    pub ok: bool,
}

/// What a message must come to.
enum Due {
    Reply(Expected),
    Renewals(Renewals),
    Inspected(Index),
    Counts,
    Nothing,
}

impl Model {
    /// The model after this step, if it may be so.
    pub fn judge(&self, seen: &Seen<'_>, moment: Moment) -> Result<Self, Violation> {
        let mut next = self.clone();
        let mut touched = BTreeSet::new();
        next.settings(seen.sent);
        let due: Vec<_> = seen.sent.iter().map(|sent| next.take(sent, moment, &mut touched)).collect();
        let ended: Vec<_> = next.leases_ended(&touched, moment);
        let unchanged = next.last == self.last && ended.is_empty();
        match seen.commit {
            Some(commit) => next.committed(self, commit, touched, &ended, moment)?,
            None if !seen.ok => {}
            None if !unchanged => {
                return Err(format!(
                    "nothing was committed, though operations were applied or leases ended: {ended:?}"
                ));
            }
            None => next.claims_in_order(self, &BTreeMap::new(), &touched, moment)?,
        }
        let durable = seen.commit.map_or(unchanged, |commit| commit.done);
        next.answered(seen, due, durable)?;
        next.handed_out(seen, durable, moment)?;
        Ok(if seen.commit.is_none() && !seen.ok { self.clone() } else { next })
    }

    fn settings(&mut self, sent: &[Sent]) {
        for sent in sent {
            match sent {
                Sent::SetKinds(kinds) => self.kinds = kinds.clone(),
                Sent::StopClaims => self.stopped = true,
                _ => {}
            }
        }
    }

    fn take(&mut self, sent: &Sent, moment: Moment, touched: &mut BTreeSet<Index>) -> Due {
        let before = self.last;
        match sent {
            Sent::Apply(op) => {
                let expected = self.apply_op(op, moment);
                if self.last != before {
                    touched.insert(match op {
                        Op::Client { handle, .. } | Op::Barrier { handle, .. } | Op::Finish { handle, .. } => handle.id,
                        _ => self.last,
                    });
                }
                Due::Reply(expected)
            }
            Sent::Renew(handles) => Due::Renewals(
                handles
                    .iter()
                    .map(|handle| {
                        let (lease_ms, resumed) = self.renew(*handle, moment)?;
                        if resumed {
                            touched.insert(handle.id);
                        }
                        Ok(lease_ms)
                    })
                    .collect::<Vec<Result<u64, Refusal>>>(),
            ),
            Sent::Inspect(id) => Due::Inspected(*id),
            Sent::Count => Due::Counts,
            Sent::SetKinds(_) | Sent::StopClaims => Due::Nothing,
        }
    }

    fn apply_op(&mut self, op: &Op, moment: Moment) -> Expected {
        match op {
            Op::New { new, key } => self.open(new, *key, moment),
            Op::Client { handle, number, fingerprint, op } => {
                self.operate(*handle, (*number, *fingerprint), op, moment)
            }
            Op::Barrier { handle, ops } => self.barrier(*handle, ops),
            Op::Finish { handle, ops, report } => self.finish(*handle, ops, report, moment),
            Op::Resume(_) | Op::LeaseEnded(_) | Op::Claim { .. } | Op::HostDied(_) => {
                unreachable!("the workload sends none of these")
            }
        }
    }

    fn leases_ended(&self, touched: &BTreeSet<Index>, moment: Moment) -> Vec<Index> {
        let over = |kept: &Kept| kept.is_active() && kept.lease_end <= moment.monotonic;
        let ended = self.sessions.iter().filter(|(id, kept)| over(kept) && !touched.contains(id));
        ended.map(|(id, _)| *id).collect()
    }

    /// Everything in the commit has a reason, and everything that has one is in the commit.
    fn committed(
        &mut self,
        before: &Self,
        commit: &Commit,
        mut touched: BTreeSet<Index>,
        ended: &[Index],
        moment: Moment,
    ) -> Result<(), Violation> {
        let changes: BTreeMap<_, _> = commit.sessions.iter().map(|change| (change.id, change)).collect();
        let mut free: BTreeSet<_> = (self.last.index + 1..=commit.last.index).collect();
        let mut use_up = |index: Index| free.remove(&index.index) && index.term == commit.last.term;
        for id in ended {
            let after = changes.get(id).and_then(|change| change.after.as_ref());
            let after = after.ok_or_else(|| format!("the lease of {id} ended, and nothing was committed of it"))?;
            if !use_up(after.change_id) {
                return Err(format!("the lease of {id} ended under index {}, which is not free", after.change_id));
            }
            self.lease_ended(*id, after.change_id, moment);
        }
        let mut claims = BTreeMap::new();
        for (id, change) in &changes {
            let Some((after, due)) = claim_of(change) else { continue };
            let Some(kept) = self.sessions.get(id) else { return Err(format!("{id} is claimed and is not there")) };
            if matches!(kept.session.state, State::Repeating { .. }) {
                continue;
            }
            if !use_up(after.fence) {
                return Err(format!("{id} was claimed under index {}, which is not free", after.fence));
            }
            claims.insert(after.fence, (due, *id));
        }
        if let Some(index) = free.first() {
            return Err(format!("index {index} was given to nothing that anybody asked for"));
        }
        self.claims_in_order(before, &claims, &touched, moment)?;
        for (fence, (due, id)) in &claims {
            self.claimed(*id, *fence, *due, changes[id], moment)?;
        }
        self.last = commit.last;
        touched.extend(ended.iter().copied());
        touched.extend(claims.values().map(|(_, id)| *id));
        self.adopt_changes(before, commit, &changes, &touched)
    }

    fn adopt_changes(
        &mut self,
        before: &Self,
        commit: &Commit,
        changes: &BTreeMap<Index, &SessionChange>,
        touched: &BTreeSet<Index>,
    ) -> Result<(), Violation> {
        for (id, change) in changes {
            if !touched.contains(id) {
                return Err(format!("{id} was changed, and nobody asked for it: {change:?}"));
            }
            let known = before.sessions.get(id).map(|kept| &kept.session);
            if change.before.as_ref() != known {
                return Err(format!("{id} was changed from\n  {:?}, and was\n  {known:?}", change.before));
            }
            match (&change.after, self.sessions.get_mut(id)) {
                (None, None) => {}
                (Some(after), Some(kept)) => kept.adopt(after)?,
                (after, kept) => return Err(format!("{id} became\n  {after:?}, and should be\n  {kept:?}")),
            }
        }
        let there = |id: &&Index| before.sessions.contains_key(*id) || self.sessions.contains_key(*id);
        if let Some(id) = touched.iter().filter(there).find(|id| !changes.contains_key(*id)) {
            return Err(format!("{id} changed, and is not in the commit"));
        }
        let counts = self.counts();
        for (kind, waiting) in &commit.waiting {
            let counts = counts.get(kind).copied().unwrap_or_default();
            if (waiting.stored, waiting.parked) != (counts.stored, counts.parked) {
                return Err(format!("of kind {kind} wait {counts:?}, and the commit counts {waiting:?}"));
            }
        }
        Ok(())
    }

    fn lease_ended(&mut self, id: Index, index: Index, moment: Moment) {
        let policy = self.policy(self.sessions[&id].session.kind);
        let Some(kept) = self.sessions.get_mut(&id) else { return };
        kept.session.change_id = index;
        kept.store(index, moment, policy.delay_ms, policy.jitter_ms);
    }

    fn claimed(
        &mut self,
        id: Index,
        fence: Index,
        due: mpy6a_sessions::Due,
        change: &SessionChange,
        moment: Moment,
    ) -> Result<(), Violation> {
        let Some(kept) = self.sessions.get_mut(&id) else { return Err(format!("{id} is claimed and is not there")) };
        let Some(State::Repeating { key, .. }) = change.after.as_ref().map(|after| after.state) else { return Ok(()) };
        kept.adopt_due(due);
        if kept.session.state != State::Stored(due) {
            return Err(format!("{id} was claimed for {due:?}, and was {:?}", kept.session.state));
        }
        let session = &mut kept.session;
        session.state = State::Repeating { key, due, since_ms: moment.now_ms };
        (session.change_id, session.fence) = (fence, fence);
        session.repeats += 1;
        if session.client.standing == Standing::Holds {
            session.client.standing = Standing::Lost;
        }
        let run = (Handle { id, key }, session.kind);
        self.running.insert(fence, run);
        Ok(())
    }

    /// Nothing is claimed before it is due, of a kind that may not, or past the kind's workers; earlier ones go first; and
    /// what can be claimed is.
    fn claims_in_order(
        &self,
        before: &Self,
        claims: &BTreeMap<Index, (mpy6a_sessions::Due, Index)>,
        touched: &BTreeSet<Index>,
        moment: Moment,
    ) -> Result<(), Violation> {
        let in_order: Vec<_> = claims.values().collect();
        if !in_order.is_sorted() {
            return Err(format!("claims are out of order: {in_order:?}"));
        }
        if let Some((due, id)) = in_order.iter().find(|(due, _)| due.at_ms > moment.now_ms) {
            return Err(format!("{id} was claimed at {}, before it was due: {due:?}", moment.now_ms));
        }
        let kinds: BTreeSet<_> = self.sessions.values().map(|kept| kept.session.kind).collect();
        for kind in kinds {
            let of_kind = |id: &Index| self.sessions.get(id).is_some_and(|kept| kept.session.kind == kind);
            let claimed: BTreeSet<_> = in_order.iter().map(|(_, id)| *id).filter(of_kind).collect();
            let free = self.free_workers(kind);
            if claimed.len() > free {
                return Err(format!("kind {kind} has {free} free workers, and {claimed:?} were claimed"));
            }
            let waiting = before.due(kind).into_iter().filter(|(due, _)| due.at_ms <= moment.now_ms);
            let (moved, waiting): (Vec<_>, Vec<_>) = waiting.partition(|(_, id)| touched.contains(id));
            let passed_over = waiting.iter().position(|(_, id)| !claimed.contains(id)).unwrap_or(waiting.len());
            if let Some((_, id)) = waiting[passed_over..].iter().find(|(_, id)| claimed.contains(id)) {
                return Err(format!("{id} was claimed before {}, which was due earlier", waiting[passed_over].1));
            }
            if moved.is_empty() && claimed.len() < free.min(waiting.len()) {
                return Err(format!(
                    "{} is due, kind {kind} has {free} free workers, and it was not claimed",
                    waiting[passed_over].1
                ));
            }
        }
        Ok(())
    }

    fn answered(&self, seen: &Seen<'_>, due: Vec<Due>, durable: bool) -> Result<(), Violation> {
        for ((sent, answer), due) in seen.sent.iter().zip(seen.answers).zip(due) {
            let Some(answer) = answer else {
                if seen.ok && !matches!(due, Due::Nothing) {
                    return Err(format!("no answer to {sent:?}"));
                }
                continue;
            };
            if !durable {
                return Err(format!("answered {answer:?} to {sent:?}, and it is not durable"));
            }
            let right = match due {
                Due::Reply(expected) => expected.is_met(answer),
                Due::Renewals(renewals) => *answer == Answer::Renewals(Ok(renewals)),
                Due::Inspected(id) => *answer == Answer::Inspected(Ok(self.inspected(id).map(Box::new))),
                Due::Counts => matches!(answer, Answer::Counts(Ok(counts)) if self.counts_are(counts)),
                Due::Nothing => false,
            };
            if !right {
                return Err(format!("answered {answer:?} to {sent:?}{}", self.should_be(sent)));
            }
        }
        Ok(())
    }

    fn should_be(&self, sent: &Sent) -> String {
        match sent {
            Sent::Inspect(id) => format!("; it should be {:?}", self.inspected(*id)),
            Sent::Count => format!("; it should be {:?}", self.counts()),
            Sent::Apply(Op::Client { handle, .. }) => {
                format!("; its session is now {:?}", self.sessions.get(&handle.id))
            }
            _ => String::new(),
        }
    }

    /// A session whole, as it must be read.
    pub fn inspected(&self, id: Index) -> Option<Inspected> {
        let Kept { session, records, attempts, .. } = self.sessions.get(&id)?.clone();
        Some(Inspected { session, records, attempts })
    }

    /// Kinds that had sessions once may be listed with none.
    fn counts_are(&self, counts: &BTreeMap<u32, Counts>) -> bool {
        let mut counts = counts.clone();
        counts.retain(|_, of_kind| *of_kind != Counts::default());
        counts == self.counts()
    }

    /// Whoever was handed out was claimed in this very step, and nobody else was.
    fn handed_out(&self, seen: &Seen<'_>, durable: bool, moment: Moment) -> Result<(), Violation> {
        if !durable && !seen.claims.is_empty() {
            return Err(format!("handed out {:?}, and the claim is not durable", seen.claims));
        }
        for claimed in seen.claims {
            let id = claimed.session.id;
            let whole = self.inspected(id);
            let right = whole.is_some_and(|whole| {
                whole.session == claimed.session
                    && whole.records == claimed.records
                    && whole.session.state
                        == State::Repeating { key: claimed.handle.key, due: claimed.due, since_ms: claimed.claimed_ms }
            });
            let fresh = claimed.session.fence == claimed.session.change_id && claimed.claimed_ms == moment.now_ms;
            if !right || !fresh {
                return Err(format!("handed out {claimed:?}, and {id} is {:?}", self.sessions.get(&id)));
            }
        }
        Ok(())
    }
}

impl Kept {
    /// Take over the due time that the writer drew, if it is one that it may have drawn.
    fn adopt_due(&mut self, seen: mpy6a_sessions::Due) {
        let State::Stored(due) = &mut self.session.state else { return };
        let late_ms = seen.at_ms.checked_sub(due.at_ms);
        if seen.stored == due.stored && late_ms.is_some_and(|late_ms| late_ms <= self.slack_ms) {
            *due = seen;
            if let Some(last) = self.session.client.last.as_mut().filter(|last| last.applied.change_id == seen.stored) {
                last.applied.due_ms = Some(seen.at_ms);
            }
            self.slack_ms = 0;
        }
    }

    fn adopt(&mut self, after: &Session) -> Result<(), Violation> {
        if let Some(due) = after.state.due() {
            self.adopt_due(due);
        }
        if self.session != *after {
            let Self { session, slack_ms, .. } = self;
            return Err(format!(
                "{} became\n  {after:?}, and should be (due up to {slack_ms} ms later)\n  {session:?}",
                after.id
            ));
        }
        Ok(())
    }
}

impl Expected {
    fn is_met(&self, answer: &Answer) -> bool {
        let Answer::Reply(answer) = answer else { return false };
        let within = |due: u64, seen: u64| (due..=due + self.slack_ms).contains(&seen);
        match (&self.result, answer) {
            (Err(refusal), Err(Error::Refused(seen))) => refusal == seen,
            (Ok(Reply::Applied(applied)), Ok(Reply::Applied(seen))) => {
                applied.change_id == seen.change_id
                    && match (applied.due_ms, seen.due_ms) {
                        (Some(due_ms), Some(seen_ms)) => within(due_ms, seen_ms),
                        (due_ms, seen_ms) => due_ms == seen_ms,
                    }
            }
            (Ok(Reply::Ended(Ended::Stored { due_ms })), Ok(Reply::Ended(Ended::Stored { due_ms: seen_ms })))
            | (Ok(Reply::Ended(Ended::Backoff { due_ms })), Ok(Reply::Ended(Ended::Backoff { due_ms: seen_ms }))) => {
                within(*due_ms, *seen_ms)
            }
            (Ok(reply), Ok(seen)) => reply == seen,
            _ => false,
        }
    }
}

/// A session as claimed, and for what, where this change leaves it with a run.
fn claim_of(change: &SessionChange) -> Option<(&Session, mpy6a_sessions::Due)> {
    let after = change.after.as_ref()?;
    match after.state {
        State::Repeating { due, .. } => Some((after, due)),
        _ => None,
    }
}
