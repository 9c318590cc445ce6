//! The writer's door: a bounded queue that is emptied a batch at a time.
//!
//! Senders are async tasks and never wait here: a full queue refuses at once, so that overload shows early and not as
//! latency. What a run of a handler sends is let in even so: it ends work instead of beginning some, and there are never more
//! runs than workers.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::message::Message;
use crate::{
    error::Error,
    limits::{BATCH_BYTES_MAX, BATCH_OPS_MAX, Limits},
};

/// How long an overloaded client is told to wait: some ten commits, in which the writer empties a full queue.
const OVERLOAD_WAIT: Duration = Duration::from_millis(50);

/// Messages on their way to the writer.
pub struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    ops_max: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    bytes: usize,
    /// The writer sleeps: it must be woken.
    asleep: bool,
    /// Nothing more is let in, and this is why.
    closed: Option<Error>,
}

/// Who sends: it decides what happens when the queue is full.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A client: refused when the queue is full.
    Client,
    /// A run, or the host itself: always let in.
    Host,
}

impl Queue {
    /// An empty queue.
    pub fn new(limits: &Limits) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            ops_max: limits.queue_ops_max,
            bytes_max: limits.queue_bytes_max,
        }
    }

    /// Send a message.
    pub fn push(&self, sender: Sender, message: Message) -> Result<(), Error> {
        let bytes = message.record_bytes();
        let mut state = self.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        let full = state.messages.len() >= self.ops_max || state.bytes.saturating_add(bytes) > self.bytes_max;
        // A record larger than the whole bound must pass an empty queue, or it never would.
        if full && sender == Sender::Client && !state.messages.is_empty() {
            return Err(Error::Overloaded(OVERLOAD_WAIT));
        }
        state.bytes += bytes;
        state.messages.push_back(message);
        let wake = std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Take the next batch; with nothing queued, sleep for at most `wait` first. False: closed, and nothing is left.
    pub fn take(&self, batch: &mut Vec<Message>, wait: Option<Duration>) -> bool {
        let mut state = self.lock();
        if state.messages.is_empty() && state.closed.is_none() && wait != Some(Duration::ZERO) {
            state = self.sleep(state, wait);
        }
        let mut batch_bytes = 0;
        while batch.len() < BATCH_OPS_MAX && batch_bytes < BATCH_BYTES_MAX {
            let Some(message) = state.messages.pop_front() else { break };
            let bytes = message.record_bytes();
            state.bytes -= bytes;
            batch_bytes += bytes;
            batch.push(message);
        }
        !(batch.is_empty() && state.closed.is_some())
    }

    /// Let nothing more in. What is queued already is still taken.
    pub fn close(&self, why: Error) {
        self.lock().closed = Some(why);
        self.arrived.notify_one();
    }

    /// Let nothing more in, and forget what is queued: its senders learn that no answer comes.
    pub fn abandon(&self, why: Error) {
        let mut state = self.lock();
        state.closed = Some(why);
        let abandoned = std::mem::take(&mut state.messages);
        state.bytes = 0;
        drop(state);
        drop(abandoned);
    }

    fn sleep<'a>(&self, mut state: MutexGuard<'a, State>, wait: Option<Duration>) -> MutexGuard<'a, State> {
        state.asleep = true;
        // A spurious wake-up only makes an empty batch.
        let mut state = match wait {
            Some(wait) => self.arrived.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
            None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
        state.asleep = false;
        state
    }

    /// Nothing in here panics with the lock held, so a poisoned state is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
