//! Who waits for which answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mpy6a_proto::v1;
use tokio::sync::oneshot;
use tonic::Status;

use super::{Answered, Lost, Queued};
use crate::limits::LINE_SWEEP_MIN;

/// The callers whose operations are under way on one stream, by tag.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    callers: HashMap<u64, oneshot::Sender<Answered>>,
    last_tag: u64,
    /// At this many callers those are looked for who wait no more.
    sweep_at: usize,
    /// Operations that the transport left in the queue, until it is known why.
    unsent: Vec<Queued>,
    /// Whether the host has accepted the stream.
    opened: bool,
    /// How the stream ended.
    ended: Option<Lost>,
}

impl Waiting {
    /// These are sent now, but for those whose callers are gone. None: the stream has ended, and they are not sent.
    pub fn sending(&self, queued: Vec<Queued>) -> Option<Vec<v1::Operation>> {
        let mut state = self.state();
        if state.ended.is_some() {
            return None;
        }
        state.sweep();
        let mut operations = Vec::with_capacity(queued.len());
        for Queued { operation, sent, reply } in queued {
            if reply.is_closed() || sent.is_some_and(|sent| !sent.mark()) {
                continue;
            }
            state.last_tag += 1;
            let tag = state.last_tag;
            state.callers.insert(tag, reply);
            operations.push(v1::Operation { tag, ..operation });
        }
        Some(operations)
    }

    /// Hand out answers. One that nobody waits for any more is nobody's loss.
    pub fn answer(&self, answers: Vec<v1::Answer>) {
        let mut state = self.state();
        for v1::Answer { tag, outcome } in answers {
            let Some(caller) = state.callers.remove(&tag) else { continue };
            let empty = || Lost::Broken(Status::internal("the host's answer is empty"));
            let _ = caller.send(outcome.ok_or_else(empty));
        }
    }

    /// The host has accepted the stream.
    pub fn opened(&self) {
        self.state().opened = true;
    }

    /// These were in the queue when the transport let go of it: because the stream could not be opened, which is told when it
    /// is known why; or because the host reads no more of it, though it may answer what it took.
    pub fn unsent(&self, queued: Vec<Queued>) {
        let mut state = self.state();
        match state.ended.clone() {
            Some(how) => tell_unsent(queued, &how),
            None if state.opened => tell_unsent(queued, &Lost::Unsent(None)),
            None => state.unsent.extend(queued),
        }
    }

    /// The stream has ended: no more answers come, and nothing more is sent.
    pub fn end(&self, how: &Lost) {
        let mut state = self.state();
        state.ended = Some(how.clone());
        tell_unsent(std::mem::take(&mut state.unsent), how);
        for caller in std::mem::take(&mut state.callers).into_values() {
            let _ = caller.send(Err(how.clone()));
        }
    }

    /// Nothing panics with the lock held, so its poison is of no concern.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_unsent(queued: Vec<Queued>, how: &Lost) {
    for Queued { reply, .. } in queued {
        let _ = reply.send(Err(how.unsent()));
    }
}

impl State {
    /// A host that hangs must not make us remember every try that was given up.
    fn sweep(&mut self) {
        if self.callers.len() >= self.sweep_at {
            self.callers.retain(|_, caller| !caller.is_closed());
            self.sweep_at = (2 * self.callers.len()).max(LINE_SWEEP_MIN);
        }
    }
}
