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
    ended: bool,
}

impl Waiting {
    /// These are sent now, but for those whose callers are gone. None: the stream has ended, and they are not sent.
    pub fn sending(&self, queued: Vec<Queued>) -> Option<Vec<v1::Operation>> {
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.sweep();
        let mut operations = Vec::with_capacity(queued.len());
        for Queued { operation, reply } in queued {
            if reply.is_closed() {
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

    /// The stream has ended: no more answers come, and nothing more is sent.
    pub fn end(&self, how: &Lost) {
        let mut state = self.state();
        state.ended = true;
        for caller in std::mem::take(&mut state.callers).into_values() {
            let _ = caller.send(Err(how.clone()));
        }
    }

    /// Nothing panics with the lock held, so its poison is of no concern.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
