//! Applying a turn of a pipeline: each operation by the rules that hold for any other, one after another.

use super::{
    Now, Turn,
    batch::Batch,
    calls::{apply, renew},
    timers::Timers,
};
use crate::{
    caller::Caller,
    clock::Environment,
    error::{Error, Refusal},
    ids::{Handle, Key},
    op::{New, Op, SessionOp},
    pipeline::{Answer, Answered, Ask, Named, Wish},
    rules::{Opened, Reply},
    session::Applied,
    store::{Store, StoreError},
};

/// What the store may fail at, and the rules may refuse.
type Judged<T> = Result<Result<T, Refusal>, StoreError>;

/// Apply everything that a turn asks, and put the answers into it.
///
/// # Errors
///
/// If the store failed.
pub fn apply_turn<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
    turn: &mut Turn,
    now: Now,
) -> Result<(), StoreError> {
    turn.answers.reserve_exact(turn.asks.len());
    batch.tombstones.heard(&turn.caller, now.monotonic);
    let mut hands = Hands { batch, timers, environment, pipeline: turn.outbox.number, caller: turn.caller, now };
    for Ask { tag, what } in turn.asks.drain(..) {
        let (operation, bytes) = (what.operation(), what.record_bytes());
        let result = hands.grant(what)?.map_err(Error::from);
        turn.answers.push(Answer { tag, operation, bytes, result });
    }
    Ok(())
}

/// What it takes to apply an operation of a pipeline.
struct Hands<'a, 'b, S> {
    batch: &'a mut Batch<'b, S>,
    timers: &'a mut Timers,
    environment: &'a mut Environment,
    pipeline: u64,
    caller: Caller,
    now: Now,
}

impl<S: Store> Hands<'_, '_, S> {
    fn grant(&mut self, wish: Wish) -> Judged<Answered> {
        Ok(match wish {
            Wish::New { local, new, outlives, key } => self.open(local, new, outlives, key)?.map(Answered::Opened),
            Wish::Operate { session, number, fingerprint, op } => {
                self.operate(session, number, fingerprint, op)?.map(Answered::Applied)
            }
            Wish::Renew(session) => self.renew(session)?.map(Answered::Renewed),
        })
    }

    fn open(&mut self, local: u64, new: New, outlives: bool, key: Key) -> Judged<Opened> {
        if let Err(refusal) = self.timers.pipelines.may_open(self.pipeline, local) {
            return Ok(Err(refusal));
        }
        Ok(match self.apply(&Op::New { new, key, caller: self.caller })? {
            Ok(Reply::Opened(opened)) => {
                self.timers.pipelines.opened(self.pipeline, local, opened.handle, outlives);
                Ok(opened)
            }
            Ok(other) => return Err(unexpected(&other)),
            Err(refusal) => Err(refusal),
        })
    }

    fn operate(&mut self, session: Named, number: u64, fingerprint: u64, op: SessionOp) -> Judged<Applied> {
        let handle = match self.named(session) {
            Ok(handle) => handle,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let finishes = op.finishes();
        let result = self.apply(&Op::Client { handle, number, fingerprint, op, caller: self.caller })?;
        self.heard(session, handle, finishes, result.as_ref().err());
        Ok(match result {
            Ok(Reply::Applied(applied)) => Ok(applied),
            Ok(other) => return Err(unexpected(&other)),
            Err(refusal) => Err(refusal),
        })
    }

    fn renew(&mut self, session: Named) -> Judged<u64> {
        let handle = match self.named(session) {
            Ok(handle) => handle,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let renewed = renew(self.batch, self.timers, self.environment, handle, self.now)?;
        self.heard(session, handle, false, renewed.as_ref().err());
        Ok(renewed)
    }

    fn apply(&mut self, op: &Op) -> super::batch::Outcome {
        apply(self.batch, self.timers, self.environment, op, self.now)
    }

    fn named(&mut self, session: Named) -> Result<Handle, Refusal> {
        match session {
            Named::Handle(handle) => Ok(handle),
            Named::Local(local) => self.timers.pipelines.handle(self.pipeline, local),
        }
    }

    /// Keep the local numbers in step with what was answered about a session.
    fn heard(&mut self, session: Named, handle: Handle, finishes: bool, refused: Option<&Refusal>) {
        let pipelines = &mut self.timers.pipelines;
        match (refused, session) {
            (None, _) if finishes => pipelines.closed(handle.id),
            (None, _) => pipelines.heard(handle.id, Some(self.pipeline)),
            (Some(refusal), Named::Local(_)) if is_final(refusal) => pipelines.closed(handle.id),
            (Some(_), _) => {}
        }
    }
}

/// Whether the session is over for its client.
fn is_final(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::LeaseLost(_) | Refusal::SessionFinished(_) | Refusal::SessionNotFound(_) | Refusal::KeyWrong(_)
    )
}

/// The rules answer each operation with its own kind of reply. If that were ever broken, nothing could be said about the
/// operation, just as when the store fails.
fn unexpected(reply: &Reply) -> StoreError {
    StoreError::Damaged(format!("an operation got the reply of another kind, {reply:?}: this is a defect of mpy6a"))
}
