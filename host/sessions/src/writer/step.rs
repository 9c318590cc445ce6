//! One step of the writer: a batch, from its messages to its answers.

use std::time::Duration;

use super::{
    Message, Now, Renewals, ReplyTo, Turn, Writer,
    batch::Batch,
    calls::{apply, renew},
    claim::Claimed,
    timers::Timers,
    turns::apply_turn,
};
use crate::{
    clock::Environment,
    error::Error,
    ids::{Handle, Index, Key},
    limits::BATCH_OPS_MAX,
    op::{AdminOp, Op},
    rules::Reply,
    session::{Due, Session},
    store::{Pause, Store, StoreError},
};

/// Answers that wait for the commit, and questions that wait for what it leaves.
#[derive(Default)]
struct Answers {
    replies: Vec<(ReplyTo<Reply>, Result<Reply, Error>)>,
    turns: Vec<Turn>,
    renewals: Vec<(ReplyTo<Renewals>, Renewals)>,
    reads: Vec<Message>,
}

/// A session that a run will get once the claim is durable.
struct Claim {
    session: Session,
    handle: Handle,
    due: Due,
}

impl<S: Store> Writer<S> {
    /// Apply these messages, the leases that ended and the claims that free workers allow; commit; answer. Returns how long
    /// to sleep if nothing comes; `None`: for ever.
    ///
    /// # Errors
    ///
    /// If the store failed. Nothing of the batch is answered then, and there must be no further step.
    pub fn step(&mut self, messages: &mut Vec<Message>) -> Result<Option<Duration>, StoreError> {
        let now = self.now();
        self.apply_settings(messages, now);
        let mut answers = Answers::default();

        let mut batch = self.ledger.begin(now.wall_ms(), now.monotonic);
        let (timers, environment) = (&mut self.timers, &mut self.environment);
        apply_messages(&mut batch, timers, environment, messages, now, &mut answers)?;
        apply_ended_leases(&mut batch, timers, environment, now)?;
        apply_left(&mut batch, timers, environment)?;
        let claims = apply_claims(&mut batch, timers, environment)?;
        let (last, changes) = batch.into_changes();

        let operations = last.index - self.ledger.last.index;
        self.commit(last, changes, now)?;
        if operations > 0 {
            let took = self.environment.clock.monotonic().saturating_sub(now.monotonic);
            self.environment.observer.committed(operations, took);
        }
        self.hand_out(claims, now)?;
        self.answer(answers, now)?;
        let look = self.ledger.store.poll()?;
        Ok(self.sleep().into_iter().chain(look).min())
    }

    /// What the host changed holds for the whole batch.
    fn apply_settings(&mut self, messages: &mut [Message], now: Now) {
        for message in messages {
            match message {
                Message::SetKinds(kinds) => {
                    self.ledger.set_kinds(std::mem::take(kinds));
                    self.timers.schedule.set_kinds(&self.ledger.kinds);
                }
                Message::SetPaused(kind, paused, _) if *paused != self.ledger.pauses.contains_key(kind) => {
                    self.ledger.pause(*kind, paused.then_some(Pause { since_ms: now.wall_ms() }));
                    self.timers.schedule.set_paused(*kind, *paused);
                }
                Message::StopClaims => self.timers.schedule.stop(),
                _ => {}
            }
        }
    }

    fn hand_out(&mut self, claims: Vec<Claim>, now: Now) -> Result<(), StoreError> {
        for Claim { session, handle, due } in claims {
            let records = self.ledger.store.records(&session)?;
            self.timers.run_began(&session);
            let late_us = now.wall_us.saturating_sub(due.at_ms.saturating_mul(1000));
            // Nobody takes it only while the host is being shut down: the next one finds the session repeating.
            let _ = self.claims.send(Claimed {
                session,
                records,
                handle,
                due,
                claimed_ms: now.wall_ms(),
                late: Duration::from_micros(late_us),
                claimed_at: now.monotonic,
            });
        }
        Ok(())
    }

    /// A receiver that is gone is nobody's loss.
    fn answer(&mut self, answers: Answers, now: Now) -> Result<(), StoreError> {
        for (reply_to, result) in answers.replies {
            let _ = reply_to.send(result);
        }
        answers.turns.into_iter().for_each(Turn::answer);
        for (reply_to, renewals) in answers.renewals {
            let _ = reply_to.send(Ok(renewals));
        }
        for read in answers.reads {
            match read {
                Message::Inspect(id, reply_to) => drop(reply_to.send(Ok(self.inspect(id, now)?.map(Box::new)))),
                Message::Count(reply_to) => drop(reply_to.send(Ok(self.ledger.census.counts().clone()))),
                Message::List(part, reply_to) => drop(reply_to.send(Ok(self.list(part, now)?))),
                Message::Snapshot(reply_to) => {
                    self.ledger.store.snapshot(Box::new(|snapshot| drop(reply_to.send(Ok(snapshot)))))?;
                }
                Message::Heads(reply_to) => drop(reply_to.send(Ok(self.heads()?))),
                Message::Overview(reply_to) => drop(reply_to.send(Ok(Box::new(self.overview(now)?)))),
                Message::Pauses(reply_to) => drop(reply_to.send(Ok(self.ledger.pauses.clone()))),
                Message::SetPaused(.., reply_to) => drop(reply_to.send(Ok(()))),
                _ => {}
            }
        }
        Ok(())
    }
}

fn apply_messages<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
    messages: &mut Vec<Message>,
    now: Now,
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for message in messages.drain(..) {
        match message {
            Message::Apply(op, reply_to) => {
                if let Op::New { caller, .. } | Op::Client { caller, .. } = &op {
                    batch.tombstones.heard(caller, now.monotonic);
                }
                let result = apply(batch, timers, environment, &op, now)?;
                match (&op, &result) {
                    (Op::Client { handle, op, .. }, Ok(_)) if op.finishes() => timers.pipelines.closed(handle.id),
                    (Op::Client { handle, .. }, Ok(_)) => timers.pipelines.heard(handle.id, None),
                    (Op::New { .. }, Ok(Reply::Opened(opened))) => timers.pipelines.heard(opened.handle.id, None),
                    (Op::Admin(request), Ok(_)) if request.op == AdminOp::Delete => timers.pipelines.lost(request.id),
                    _ => {}
                }
                if let Op::Finish { handle, .. } = &op {
                    timers.run_ended(*handle);
                }
                answers.replies.push((reply_to, result.map_err(Error::from)));
            }
            Message::Turn(mut turn) => {
                apply_turn(batch, timers, environment, &mut turn, now)?;
                answers.turns.push(turn);
            }
            Message::Broke(pipeline) => timers.pipelines.broke(pipeline),
            Message::Renew(handles, caller, reply_to) => {
                batch.tombstones.heard(&caller, now.monotonic);
                let mut renewals = Vec::with_capacity(handles.len());
                for handle in handles {
                    let renewed = renew(batch, timers, environment, handle, now)?;
                    if renewed.is_ok() {
                        timers.pipelines.heard(handle.id, None);
                    }
                    renewals.push(renewed);
                }
                answers.renewals.push((reply_to, renewals));
            }
            read @ (Message::Inspect(..)
            | Message::Count(_)
            | Message::List(..)
            | Message::Snapshot(_)
            | Message::Heads(_)
            | Message::Overview(_)
            | Message::Pauses(_)
            | Message::SetPaused(..)) => answers.reads.push(read),
            Message::SetKinds(_) | Message::StopClaims => {}
        }
    }
    Ok(())
}

/// Leases that ended, unless their session changed in this batch: then it has a new lease, or needs none.
fn apply_ended_leases<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
    now: Now,
) -> Result<(), StoreError> {
    for id in timers.leases.take_ended(now.monotonic, BATCH_OPS_MAX) {
        if !batch.touches(id) {
            let _ = batch.apply(&Op::LeaseEnded(id), environment.draw())?;
        }
    }
    Ok(())
}

/// Sessions that were left behind on a pipeline that broke: their leases end at once.
fn apply_left<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
) -> Result<(), StoreError> {
    for id in timers.pipelines.take_left(BATCH_OPS_MAX) {
        let _ = batch.apply(&Op::LeaseEnded(id), environment.draw())?;
    }
    Ok(())
}

fn apply_claims<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
) -> Result<Vec<Claim>, StoreError> {
    let mut claims = Vec::new();
    for (due, id) in timers.claimable(batch.store, batch.now_ms)? {
        // Its client took it up again in this batch, or stored it anew: then it has another place in the line.
        if batch.touches(id) {
            continue;
        }
        check_due_row(batch, id, due)?;
        let handle = Handle { id, key: Key(environment.draw()) };
        let Ok(Reply::Done) = batch.apply(&Op::Claim { id, key: handle.key }, 0)? else { continue };
        if let Some(session) = batch.session(id)? {
            claims.push(Claim { session, handle, due });
        }
    }
    Ok(claims)
}

/// A row that says a session is due which is not would be found again and again, at every step.
fn check_due_row<S: Store>(batch: &Batch<'_, S>, id: Index, due: Due) -> Result<(), StoreError> {
    if batch.session(id)?.is_some_and(|session| session.state.due() == Some(due)) {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("session {id} is listed as due at {} ms, but is not stored for then", due.at_ms)))
}
