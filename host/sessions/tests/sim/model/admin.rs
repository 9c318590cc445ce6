//! What a person's wish must come to: for one session, for a kind, and for a list.

use mpy6a_sessions::{
    AdminOp, AdminRequest, Applied, Due, Index, Line, Listed, Page, Part, Refusal, Session, Standing, State,
    limits::LIST_MAX, rules::Reply,
};

use super::{Expected, Model, Moment};
use crate::watched::Commit;

impl Model {
    pub(super) fn administer(&mut self, request: &AdminRequest, moment: Moment) -> Expected {
        match self.try_administer(request, moment) {
            Ok((due_ms, slack_ms)) => {
                Expected { result: Ok(Reply::Applied(Applied { change_id: self.last, due_ms })), slack_ms }
            }
            Err(refusal) => Expected { result: Err(refusal), slack_ms: 0 },
        }
    }

    /// When it is due now, if it is stored, and by how much later it may be.
    fn try_administer(&mut self, request: &AdminRequest, moment: Moment) -> Result<(Option<u64>, u64), Refusal> {
        let &AdminRequest { id, op, unchanged_since, force } = request;
        let mut kept = self.sessions.get(&id).cloned().ok_or(Refusal::SessionNotFound(id))?;
        if unchanged_since.is_some() && unchanged_since != Some(kept.session.change_id) {
            return Err(Refusal::SessionChanged(id));
        }
        let is_right = match op {
            AdminOp::Repeat => kept.session.state.due().is_some(),
            AdminOp::Redrive => matches!(kept.session.state, State::Parked { .. }),
            AdminOp::Park => kept.session.state.due().is_some() || (force && kept.is_active()),
            AdminOp::Delete => !kept.session.state.is_held() || (force && kept.is_active()),
        };
        if !is_right {
            // What a person is told to do instead is the rules' to say.
            return Err(Refusal::WrongState { id, state: kept.session.state.name(), remedy: "" });
        }
        if kept.slack_ms > 0 {
            self.unseen.entry(id).or_insert(kept.slack_ms);
        }
        let index = self.next_index();
        kept.session.change_id = index;
        let mut due_ms = None;
        match op {
            AdminOp::Repeat => {
                kept.session.state = State::Stored(Due { at_ms: moment.now_ms, stored: index });
                kept.slack_ms = 0;
                due_ms = Some(moment.now_ms);
            }
            AdminOp::Redrive => {
                let jitter_ms = self.policy(kept.session.kind).jitter_ms;
                kept.session.repeats = 0;
                due_ms = Some(kept.store(index, moment, 0, jitter_ms));
            }
            AdminOp::Park => {
                kept.session.fence = index;
                kept.park(moment);
            }
            AdminOp::Delete => {}
        }
        let slack_ms = kept.slack_ms;
        if matches!(op, AdminOp::Park | AdminOp::Delete) && kept.session.client.standing == Standing::Holds {
            kept.session.client.standing = Standing::Lost;
        }
        if op == AdminOp::Delete {
            self.bury(kept.session, moment);
            self.sessions.remove(&id);
            self.number_is_lost(id);
        } else {
            self.sessions.insert(id, kept);
        }
        Ok((due_ms, slack_ms))
    }

    /// What clients were told of sessions that a person changed in the same batch, as the commit has it.
    pub(super) fn adopt_unseen(&mut self, commit: &Commit) {
        let stays = commit.sessions.iter().filter_map(|change| Some((change.id, &change.after.as_ref()?.client)));
        let gone = commit.remember.iter().map(|tombstone| (tombstone.id, &tombstone.client));
        for (id, client) in stays.chain(gone) {
            let Some(slack_ms) = self.unseen.get(&id) else { continue };
            let known = match self.sessions.get_mut(&id) {
                Some(kept) => Some(&mut kept.session.client),
                None => self.gone.get_mut(&id).map(|tombstone| &mut tombstone.client),
            };
            let Some((known, seen)) = known.and_then(|known| known.last.as_mut()).zip(client.last) else { continue };
            let late_ms = seen.applied.due_ms.unwrap_or(0).checked_sub(known.applied.due_ms.unwrap_or(0));
            if known.applied.change_id == seen.applied.change_id && late_ms.is_some_and(|late_ms| late_ms <= *slack_ms)
            {
                known.applied = seen.applied;
            }
        }
        self.unseen.clear();
    }

    pub(super) fn set_paused(&mut self, kind: u32, paused: bool, moment: Moment) {
        if paused {
            self.pauses.entry(kind).or_insert(moment.now_ms);
        } else {
            self.pauses.remove(&kind);
        }
    }

    /// A part of all sessions, as it must be listed.
    pub(super) fn page(&self, part: Part, moment: Moment) -> Page {
        let sessions = self.sessions.values().map(|kept| &kept.session);
        let (ids, next): (Vec<Index>, _) = match part {
            Part::Held(after) => {
                let held = sessions.filter(|session| session.state.is_held() && after.is_none_or(|it| session.id > it));
                let ids: Vec<_> = held.map(|session| session.id).take(LIST_MAX).collect();
                let next = ids.get(LIST_MAX - 1).map(|last| Part::Held(Some(*last)));
                (ids, next)
            }
            Part::Waiting(kind, line, after) => {
                let mut places = self.line(kind, line);
                places.retain(|(place, _)| after.is_none_or(|after| *place > after));
                places.truncate(LIST_MAX);
                let next = places.get(LIST_MAX - 1).map(|(last, _)| Part::Waiting(kind, line, Some(*last)));
                (places.into_iter().map(|(_, id)| id).collect(), next)
            }
        };
        let listed = |id: &Index| {
            let kept = &self.sessions[id];
            Listed {
                session: kept.session.clone(),
                last: kept.attempts.last().cloned(),
                lease_left: kept.lease_left(moment),
            }
        };
        Page { sessions: ids.iter().map(listed).collect(), next }
    }

    /// The sessions of a kind that wait in a line, in order.
    pub fn line(&self, kind: u32, line: Line) -> Vec<(Due, Index)> {
        let place = |session: &Session| match (line, session.state) {
            (Line::Stored, State::Stored(due)) => Some(due),
            (Line::Parked, State::Parked { since_ms }) => Some(Due { at_ms: since_ms, stored: session.id }),
            _ => None,
        };
        let of_kind = self.sessions.values().map(|kept| &kept.session).filter(|session| session.kind == kind);
        let mut places: Vec<_> = of_kind.filter_map(|session| Some((place(session)?, session.id))).collect();
        places.sort_unstable();
        places
    }
}
