//! A message as the writer gets it, with the channel that its answer comes out of.

use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use mpy6a_sessions::{
    Caller, Error, Inspected, Outcome, Overview, Page, State,
    op::Op,
    rules::Reply,
    store::Pause,
    writer::{Message, Outbox, Renewals, Turn},
};
use tokio::sync::oneshot;

use crate::{
    model::{Answer, Model, Sent},
    sabotage::Sabotage,
};

/// A message with its channel, and the end of it that waits.
pub fn pose(sent: &Sent, sabotage: Sabotage, model: &Model) -> (Message, Waiting) {
    match sent {
        Sent::Apply(op) => {
            let (reply_to, reply) = oneshot::channel();
            (Message::Apply(sabotaged(op, sabotage, model), reply_to), Waiting::Reply(reply))
        }
        Sent::Turn(pipeline, caller, asks) => {
            let outbox = Arc::new(Outbox::new(*pipeline));
            (Message::Turn(Turn::new(&outbox, *caller, asks.clone())), Waiting::Turn(outbox))
        }
        Sent::Broke(pipeline) => (Message::Broke(*pipeline), Waiting::Nothing),
        Sent::Renew(handles) => {
            let (reply_to, reply) = oneshot::channel();
            (Message::Renew(handles.clone(), Caller::default(), reply_to), Waiting::Renewals(reply))
        }
        Sent::Inspect(id) => {
            let (reply_to, reply) = oneshot::channel();
            (Message::Inspect(*id, reply_to), Waiting::Inspected(reply))
        }
        Sent::Overview => {
            let (reply_to, reply) = oneshot::channel();
            (Message::Overview(reply_to), Waiting::Overview(reply))
        }
        Sent::List(part) => {
            let (reply_to, reply) = oneshot::channel();
            (Message::List(*part, reply_to), Waiting::Listed(reply))
        }
        Sent::Pauses => {
            let (reply_to, reply) = oneshot::channel();
            (Message::Pauses(reply_to), Waiting::Pauses(reply))
        }
        Sent::SetPaused(kind, paused) => {
            let (reply_to, reply) = oneshot::channel();
            (Message::SetPaused(*kind, *paused, reply_to), Waiting::Done(reply))
        }
        Sent::SetKinds(kinds) => (Message::SetKinds(kinds.clone()), Waiting::Nothing),
        Sent::StopClaims => (Message::StopClaims, Waiting::Nothing),
    }
}

/// Where an answer will come out.
pub enum Waiting {
    Reply(oneshot::Receiver<Result<Reply, Error>>),
    /// One for each turn, so that its answers are told from those to others.
    Turn(Arc<Outbox>),
    Renewals(oneshot::Receiver<Result<Renewals, Error>>),
    Inspected(oneshot::Receiver<Result<Option<Box<Inspected>>, Error>>),
    Overview(oneshot::Receiver<Result<Box<Overview>, Error>>),
    Listed(oneshot::Receiver<Result<Page, Error>>),
    Pauses(oneshot::Receiver<Result<BTreeMap<u32, Pause>, Error>>),
    Done(oneshot::Receiver<Result<(), Error>>),
    Nothing,
}

impl Waiting {
    /// What has come out by now.
    pub fn take(self) -> Option<Answer> {
        match self {
            Self::Reply(mut reply) => reply.try_recv().ok().map(Answer::Reply),
            Self::Turn(outbox) => match outbox.poll(&Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(answers)) => Some(Answer::Turn(answers)),
                Poll::Ready(Err(_)) | Poll::Pending => None,
            },
            Self::Renewals(mut reply) => reply.try_recv().ok().map(Answer::Renewals),
            Self::Inspected(mut reply) => reply.try_recv().ok().map(Answer::Inspected),
            Self::Overview(mut reply) => reply.try_recv().ok().map(Answer::Overview),
            Self::Listed(mut reply) => reply.try_recv().ok().map(Answer::Listed),
            Self::Pauses(mut reply) => reply.try_recv().ok().map(Answer::Pauses),
            Self::Done(mut reply) => reply.try_recv().ok().map(Answer::Done),
            Self::Nothing => None,
        }
    }
}

/// The operation as a writer would see it that breaks a promise.
fn sabotaged(op: &Op, sabotage: Sabotage, model: &Model) -> Op {
    let mut op = op.clone();
    match (sabotage, &mut op) {
        (Sabotage::AnyKey, Op::Client { handle, .. }) => {
            if let Some(kept) = model.sessions.get(&handle.id) {
                handle.key = kept.session.client.key;
            }
        }
        (Sabotage::AnyKey, Op::Barrier { handle, .. } | Op::Finish { handle, .. }) => {
            let state = model.sessions.get(&handle.id).map(|kept| kept.session.state);
            if let Some(State::Repeating { key, .. }) = state {
                handle.key = key;
            }
        }
        (Sabotage::RetryTwice, Op::Client { handle, number, .. }) => {
            let last = model.sessions.get(&handle.id).and_then(|kept| kept.session.client.last);
            if last.is_some_and(|last| last.number == *number) {
                *number += 1_000_000;
            }
        }
        (Sabotage::KeepTrapped, Op::Finish { report, .. }) if !report.outcome.is_returned() => {
            report.outcome = Outcome::Returned;
        }
        _ => {}
    }
    op
}
