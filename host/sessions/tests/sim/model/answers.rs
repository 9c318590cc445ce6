//! What a step answered and handed out, judged.

use std::collections::BTreeMap;

use mpy6a_sessions::{
    Counts, Due, Error, Index, Inspected, Overview, Part, Refusal, State,
    op::Op,
    rules::{Ended, Reply},
    store::Pause,
    writer::Renewals,
};

use super::{Answer, Expected, Kept, Model, Moment, Seen, Sent, Violation, pipelines::OwedAnswer};

/// What a message must come to.
pub(super) enum Owed {
    Reply(Expected),
    Turn(Vec<OwedAnswer>),
    Renewals(Renewals),
    Inspected(Index),
    Overview,
    Listed(Part),
    Pauses,
    Done,
    Nothing,
}

impl Model {
    pub(super) fn answered(
        &self,
        seen: &Seen<'_>,
        due: Vec<Owed>,
        durable: bool,
        moment: Moment,
    ) -> Result<(), Violation> {
        for ((sent, answer), due) in seen.sent.iter().zip(seen.answers).zip(due) {
            let Some(answer) = answer else {
                if seen.ok && !matches!(due, Owed::Nothing) {
                    return Err(format!("no answer to {sent:?}"));
                }
                continue;
            };
            if !durable {
                return Err(format!("answered {answer:?} to {sent:?}, and it is not durable"));
            }
            let right = match due {
                Owed::Reply(expected) => matches!(answer, Answer::Reply(reply) if expected.is_met(reply)),
                Owed::Turn(owed) => matches!(answer, Answer::Turn(answers) if OwedAnswer::are_met(&owed, answers)),
                Owed::Renewals(renewals) => *answer == Answer::Renewals(Ok(renewals)),
                Owed::Inspected(id) => *answer == Answer::Inspected(Ok(self.seen(id, moment).map(Box::new))),
                Owed::Overview => matches!(answer, Answer::Overview(Ok(overview)) if self.is_overview(overview)),
                Owed::Listed(part) => *answer == Answer::Listed(Ok(self.page(part, moment))),
                Owed::Pauses => matches!(answer, Answer::Pauses(Ok(pauses)) if self.pauses_are(pauses)),
                Owed::Done => *answer == Answer::Done(Ok(())),
                Owed::Nothing => false,
            };
            if !right {
                return Err(format!("answered {answer:?} to {sent:?}{}", self.should_be(sent, moment)));
            }
        }
        Ok(())
    }

    fn should_be(&self, sent: &Sent, moment: Moment) -> String {
        match sent {
            Sent::Inspect(id) => format!("; it should be {:?}", self.seen(*id, moment)),
            Sent::Overview => format!("; it should be {:?} {:?} {:?}", self.counts(), self.pauses, self.heads()),
            Sent::List(part) => format!("; it should be {:?}", self.page(*part, moment)),
            Sent::Pauses => format!("; it should be {:?}", self.pauses),
            Sent::Apply(Op::Client { handle, .. }) => {
                format!("; its session is now {:?}", self.sessions.get(&handle.id))
            }
            _ => String::new(),
        }
    }

    /// A session whole, as a person must see it.
    fn seen(&self, id: Index, moment: Moment) -> Option<Inspected> {
        Some(Inspected { lease_left: self.sessions.get(&id)?.lease_left(moment), ..self.inspected(id)? })
    }

    /// A session whole, as it must be read.
    pub fn inspected(&self, id: Index) -> Option<Inspected> {
        let Kept { session, records, attempts, .. } = self.sessions.get(&id)?.clone();
        Some(Inspected { session, records, attempts, lease_left: None })
    }

    pub(super) fn pauses_are(&self, pauses: &BTreeMap<u32, Pause>) -> bool {
        pauses.iter().map(|(kind, pause)| (*kind, pause.since_ms)).eq(self.pauses.iter().map(|(kind, at)| (*kind, *at)))
    }

    fn is_overview(&self, overview: &Overview) -> bool {
        let Overview { counts, pauses, heads, .. } = overview;
        self.counts_are(counts) && self.pauses_are(pauses) && *heads == self.heads()
    }

    /// What of each kind is repeated next.
    fn heads(&self) -> BTreeMap<u32, Due> {
        let kinds = self.counts().into_keys();
        kinds.filter_map(|kind| self.due(kind).first().map(|(due, _)| (kind, *due))).collect()
    }

    /// Kinds that had sessions once may be listed with none.
    fn counts_are(&self, counts: &BTreeMap<u32, Counts>) -> bool {
        let mut counts = counts.clone();
        counts.retain(|_, of_kind| *of_kind != Counts::default());
        counts == self.counts()
    }

    /// Whoever was handed out was claimed in this very step, and nobody else was.
    pub(super) fn handed_out(&self, seen: &Seen<'_>, durable: bool, moment: Moment) -> Result<(), Violation> {
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

impl Expected {
    pub(super) fn is_met(&self, answer: &Result<Reply, Error>) -> bool {
        let within = |due: u64, seen: u64| (due..=due + self.slack_ms).contains(&seen);
        match (&self.result, answer) {
            (
                Err(Refusal::WrongState { id, state, .. }),
                Err(Error::Refused(Refusal::WrongState { id: of, state: seen, .. })),
            ) => (id, state) == (of, seen),
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
