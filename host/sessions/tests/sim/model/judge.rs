//! One step of the writer, judged: what it was asked, what it answered, what it committed and whom it handed out.
//!
//! The order within a step is the writer's own: messages one after another, then leases that ended, then claims. Every operation
//! that is applied takes the next index.

use std::collections::{BTreeMap, BTreeSet};

use mpy6a_sessions::{
    Caller, Claimed, Due, Error, Handle, Index, Inspected, Kinds, Overview, Page, Part, Refusal, Session, State,
    op::Op,
    pipeline::{self, Ask},
    rules::Reply,
    store::{Pause, SessionChange},
    writer::Renewals,
};

use super::{Expected, Kept, Model, Moment, Violation, answers::Owed};
use crate::watched::Commit;

/// A message as it was sent.
#[derive(Clone, Debug)]
pub enum Sent {
    Apply(Op),
    /// Of this pipeline.
    Turn(u64, Caller, Vec<Ask>),
    /// This pipeline.
    Broke(u64),
    Renew(Vec<Handle>),
    Inspect(Index),
    Overview,
    List(Part),
    Pauses,
    SetPaused(u32, bool),
    SetKinds(Kinds),
    StopClaims,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Reply(Result<Reply, Error>),
    Turn(Vec<pipeline::Answer>),
    Renewals(Result<Renewals, Error>),
    Inspected(Result<Option<Box<Inspected>>, Error>),
    Overview(Result<Box<Overview>, Error>),
    Listed(Result<Page, Error>),
    Pauses(Result<BTreeMap<u32, Pause>, Error>),
    Done(Result<(), Error>),
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

impl Model {
    /// The model after this step, if it may be so.
    pub fn judge(&self, seen: &Seen<'_>, moment: Moment) -> Result<Self, Violation> {
        let mut next = self.clone();
        let mut touched = BTreeSet::new();
        next.settings(seen.sent, moment);
        let due: Vec<_> = seen.sent.iter().map(|sent| next.take(sent, moment, &mut touched)).collect();
        let mut ended: Vec<_> = next.leases_ended(&touched, moment);
        ended.extend(next.take_left(&ended));
        let unchanged = next.last == self.last && next.pauses == self.pauses && ended.is_empty();
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
        next.answered(seen, due, durable, moment)?;
        next.handed_out(seen, durable, moment)?;
        Ok(if seen.commit.is_none() && !seen.ok { self.clone() } else { next })
    }

    fn settings(&mut self, sent: &[Sent], moment: Moment) {
        for sent in sent {
            match sent {
                Sent::SetKinds(kinds) => self.kinds = kinds.clone(),
                Sent::SetPaused(kind, paused) => self.set_paused(*kind, *paused, moment),
                Sent::StopClaims => self.stopped = true,
                _ => {}
            }
        }
    }

    fn take(&mut self, sent: &Sent, moment: Moment, touched: &mut BTreeSet<Index>) -> Owed {
        match sent {
            Sent::Apply(op) => {
                if let Op::New { caller, .. } | Op::Client { caller, .. } = op {
                    self.hear(caller, moment);
                }
                let expected = self.apply_op(op, moment, touched);
                self.heard_elsewhere(op, &expected);
                Owed::Reply(expected)
            }
            Sent::Turn(pipeline, caller, asks) => {
                self.hear(caller, moment);
                Owed::Turn(asks.iter().map(|ask| self.ask((*pipeline, *caller), ask, moment, touched)).collect())
            }
            Sent::Broke(pipeline) => {
                self.pipeline_broke(*pipeline);
                Owed::Nothing
            }
            Sent::Renew(handles) => {
                let mut renew = |handle: &Handle| {
                    let renewed = self.renew_op(*handle, moment, touched)?;
                    self.heard(handle.id, None);
                    Ok(renewed)
                };
                Owed::Renewals(handles.iter().map(&mut renew).collect::<Vec<Result<u64, Refusal>>>())
            }
            Sent::Inspect(id) => Owed::Inspected(*id),
            Sent::Overview => Owed::Overview,
            Sent::List(part) => Owed::Listed(*part),
            Sent::Pauses => Owed::Pauses,
            Sent::SetPaused(..) => Owed::Done,
            Sent::SetKinds(_) | Sent::StopClaims => Owed::Nothing,
        }
    }

    pub(super) fn renew_op(
        &mut self,
        handle: Handle,
        moment: Moment,
        touched: &mut BTreeSet<Index>,
    ) -> Result<u64, Refusal> {
        let (lease_ms, resumed) = self.renew(handle, moment)?;
        if resumed {
            touched.insert(handle.id);
        }
        Ok(lease_ms)
    }

    pub(super) fn apply_op(&mut self, op: &Op, moment: Moment, touched: &mut BTreeSet<Index>) -> Expected {
        let before = self.last;
        let expected = self.decide(op, moment);
        if self.last != before {
            touched.insert(match op {
                Op::Client { handle, .. } | Op::Barrier { handle, .. } | Op::Finish { handle, .. } => handle.id,
                Op::Admin(request) => request.id,
                _ => self.last,
            });
        }
        expected
    }

    fn decide(&mut self, op: &Op, moment: Moment) -> Expected {
        match op {
            Op::New { new, key, caller } => self.open(new, *key, caller, moment),
            Op::Client { handle, number, fingerprint, op: session_op, .. } => {
                self.operate(*handle, (*number, *fingerprint), (session_op, op), moment)
            }
            Op::Barrier { handle, ops } => self.barrier(*handle, ops),
            Op::Finish { handle, ops, report } => self.finish(*handle, ops, report, moment),
            Op::Admin(request) => self.administer(request, moment),
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
        self.written_ms = moment.now_ms;
        if commit.now_ms != moment.now_ms {
            return Err(format!("a commit at {} ms says that it was made at {} ms", moment.now_ms, commit.now_ms));
        }
        touched.extend(ended.iter().copied());
        touched.extend(claims.values().map(|(_, id)| *id));
        self.follow_pipelines(&touched);
        self.adopt_unseen(commit);
        self.adopt_tombstones(before, commit, moment)?;
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
}

/// A session as claimed, and for what, where this change leaves it with a run.
fn claim_of(change: &SessionChange) -> Option<(&Session, Due)> {
    let after = change.after.as_ref()?;
    match after.state {
        State::Repeating { due, .. } => Some((after, due)),
        _ => None,
    }
}
