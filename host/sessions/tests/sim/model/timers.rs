//! What happens by itself, judged: leases that end, sessions that are claimed, and the due times that the writer drew.

use std::collections::{BTreeMap, BTreeSet};

use mpy6a_sessions::{Due, Handle, Index, Session, Standing, State, store::SessionChange};

use super::{Kept, Model, Moment, Violation};

impl Model {
    pub(super) fn lease_ended(&mut self, id: Index, index: Index, moment: Moment) {
        let policy = self.policy(self.sessions[&id].session.kind);
        let Some(kept) = self.sessions.get_mut(&id) else { return };
        kept.session.change_id = index;
        kept.store(index, moment, policy.delay_ms, policy.jitter_ms);
    }

    pub(super) fn claimed(
        &mut self,
        id: Index,
        fence: Index,
        due: Due,
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
    pub(super) fn claims_in_order(
        &self,
        before: &Self,
        claims: &BTreeMap<Index, (Due, Index)>,
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
}

impl Kept {
    /// Take over the due time that the writer drew, if it is one that it may have drawn.
    pub(super) fn adopt_due(&mut self, seen: Due) {
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

    pub(super) fn adopt(&mut self, after: &Session) -> Result<(), Violation> {
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
