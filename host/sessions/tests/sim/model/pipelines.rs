//! What a turn of a pipeline must come to, and what a pipeline that breaks leaves behind (section 5 of the design: a stream
//! that breaks is a client that died).
//!
//! An operation of a turn means what it means by itself. What is added are local numbers: one is taken by `New` and free again
//! when the session is finished; a session that the host took away keeps its number, so that the client learns of it.

use std::collections::{BTreeMap, BTreeSet};

use mpy6a_sessions::{
    Caller, Handle, Index, Refusal, SessionOp, Standing,
    op::Op,
    pipeline::{Answer, Answered, Ask, Named, Wish},
    rules::Reply,
};

use super::{Expected, Model, Moment};

/// The local numbers of every pipeline, and the sessions that were left behind.
#[derive(Clone, Debug, Default)]
pub struct Pipelines {
    locals: BTreeMap<(u64, u64), Local>,
    left: BTreeSet<Index>,
}

#[derive(Clone, Debug)]
struct Local {
    handle: Handle,
    /// The last sign of life came by its own pipeline.
    here: bool,
    lost: bool,
    outlives: bool,
}

/// What an operation of a turn must come to.
pub(super) struct OwedAnswer {
    tag: u64,
    bytes: usize,
    what: What,
}

enum What {
    Reply(Expected),
    Renewed(Result<u64, Refusal>),
}

impl OwedAnswer {
    pub(super) fn are_met(owed: &[Self], answers: &[Answer]) -> bool {
        owed.len() == answers.len() && owed.iter().zip(answers).all(|(owed, answer)| owed.is_met(answer))
    }

    fn is_met(&self, answer: &Answer) -> bool {
        let right = match (&self.what, &answer.result) {
            (What::Renewed(owed), seen) => owed.clone().map(Answered::Renewed).map_err(Into::into) == *seen,
            (What::Reply(owed), Ok(Answered::Opened(opened))) => owed.is_met(&Ok(Reply::Opened(*opened))),
            (What::Reply(owed), Ok(Answered::Applied(applied))) => owed.is_met(&Ok(Reply::Applied(*applied))),
            (What::Reply(_), Ok(Answered::Renewed(_))) => false,
            (What::Reply(owed), Err(error)) => owed.is_met(&Err(error.clone())),
        };
        right && (self.tag, self.bytes) == (answer.tag, answer.bytes)
    }
}

impl Model {
    /// One operation of a turn.
    pub(super) fn ask(
        &mut self,
        (pipeline, caller): (u64, Caller),
        ask: &Ask,
        moment: Moment,
        touched: &mut BTreeSet<Index>,
    ) -> OwedAnswer {
        let what = match &ask.what {
            Wish::New { local, new, outlives, key } => {
                let taken = self.pipelines.locals.get(&(pipeline, *local)).is_some_and(|local| !local.lost);
                if taken {
                    What::Reply(refused(Refusal::LocalInUse(*local)))
                } else {
                    let expected = self.apply_op(&Op::New { new: new.clone(), key: *key, caller }, moment, touched);
                    if let Ok(Reply::Opened(opened)) = &expected.result {
                        self.named(pipeline, *local, opened.handle, *outlives);
                    }
                    What::Reply(expected)
                }
            }
            Wish::Operate { session, number, fingerprint, op } => What::Reply(match self.handle(pipeline, *session) {
                Err(refusal) => refused(refusal),
                Ok(handle) => {
                    let (number, fingerprint) = (*number, *fingerprint);
                    let client_op = Op::Client { handle, number, fingerprint, op: op.clone(), caller };
                    let expected = self.apply_op(&client_op, moment, touched);
                    self.heard_here(pipeline, *session, handle, finishes(op), expected.result.as_ref().err());
                    expected
                }
            }),
            Wish::Renew(session) => What::Renewed(self.handle(pipeline, *session).and_then(|handle| {
                let renewed = self.renew_op(handle, moment, touched);
                self.heard_here(pipeline, *session, handle, false, renewed.as_ref().err());
                renewed
            })),
        };
        OwedAnswer { tag: ask.tag, bytes: ask.what.record_bytes(), what }
    }

    fn handle(&self, pipeline: u64, session: Named) -> Result<Handle, Refusal> {
        match session {
            Named::Handle(handle) => Ok(handle),
            Named::Local(local) => {
                let named = self.pipelines.locals.get(&(pipeline, local));
                named.map(|local| local.handle).ok_or(Refusal::LocalNotOpen(local))
            }
        }
    }

    /// A session has one number, of one pipeline.
    fn named(&mut self, pipeline: u64, local: u64, handle: Handle, outlives: bool) {
        let Pipelines { locals, left } = &mut self.pipelines;
        left.remove(&handle.id);
        locals.retain(|_, local| local.handle.id != handle.id);
        locals.insert((pipeline, local), Local { handle, here: true, lost: false, outlives });
    }

    fn heard_here(&mut self, pipeline: u64, session: Named, handle: Handle, finishes: bool, refused: Option<&Refusal>) {
        match (refused, session) {
            (None, _) if finishes => self.number_is_free(handle.id),
            (None, _) => self.heard(handle.id, Some(pipeline)),
            (
                Some(
                    Refusal::LeaseLost(_)
                    | Refusal::SessionFinished(_)
                    | Refusal::SessionNotFound(_)
                    | Refusal::KeyWrong(_),
                ),
                Named::Local(_),
            ) => self.number_is_free(handle.id),
            _ => {}
        }
    }

    /// A single call is a sign of life by another way.
    pub(super) fn heard_elsewhere(&mut self, op: &Op, expected: &Expected) {
        match (op, &expected.result) {
            (Op::Client { handle, op, .. }, Ok(_)) if finishes(op) => self.number_is_free(handle.id),
            (Op::Client { handle, .. }, Ok(_)) => self.heard(handle.id, None),
            (Op::New { .. }, Ok(Reply::Opened(opened))) => self.heard(opened.handle.id, None),
            _ => {}
        }
    }

    /// The client of a session gave a sign of life, by this pipeline or by another way.
    pub(super) fn heard(&mut self, id: Index, by: Option<u64>) {
        let Pipelines { locals, left } = &mut self.pipelines;
        left.remove(&id);
        for ((pipeline, _), local) in locals {
            if local.handle.id == id {
                local.here = by == Some(*pipeline);
            }
        }
    }

    fn number_is_free(&mut self, id: Index) {
        self.pipelines.locals.retain(|_, local| local.handle.id != id);
    }

    /// A session was taken from its client and is gone.
    pub(super) fn number_is_lost(&mut self, id: Index) {
        self.pipelines.locals.values_mut().filter(|local| local.handle.id == id).for_each(|local| local.lost = true);
    }

    /// What this step's claims did to the numbers.
    pub(super) fn follow_pipelines(&mut self, changed: &BTreeSet<Index>) {
        for local in self.pipelines.locals.values_mut().filter(|local| changed.contains(&local.handle.id)) {
            let standing = self.sessions.get(&local.handle.id).map(|kept| kept.session.client.standing);
            local.lost |= standing == Some(Standing::Lost);
        }
    }

    pub(super) fn pipeline_broke(&mut self, pipeline: u64) {
        let Pipelines { locals, left } = &mut self.pipelines;
        let of_it = locals.extract_if((pipeline, 0)..=(pipeline, u64::MAX), |_, _| true);
        left.extend(
            of_it.filter(|(_, local)| local.here && !local.lost && !local.outlives).map(|(_, it)| it.handle.id),
        );
    }

    /// The sessions that are stored since their pipeline broke, but for those whose lease ended anyway.
    pub(super) fn take_left(&mut self, ended: &[Index]) -> Vec<Index> {
        let left = std::mem::take(&mut self.pipelines.left);
        let active = |id: &Index| self.sessions.get(id).is_some_and(super::Kept::is_active);
        left.into_iter().filter(|id| active(id) && !ended.contains(id)).collect()
    }
}

/// Whether a client is done with its session after this.
fn finishes(op: &SessionOp) -> bool {
    matches!(op, SessionOp::Delete | SessionOp::Store { .. })
}

fn refused(refusal: Refusal) -> Expected {
    Expected { result: Err(refusal), slack_ms: 0 }
}
