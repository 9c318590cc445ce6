//! The writer's door: a bounded queue that is emptied a batch at a time.
//!
//! Senders are async tasks and never wait here: a full queue refuses a single call at once, so that overload shows early and
//! not as latency. What a run of a handler sends is let in even so: it ends work instead of beginning some, and there are
//! never more runs than workers. What a pipeline sends waits in front of the queue for room, in the order in which it came:
//! pipelines are throttled, not refused, and each has a bound of its own on what it may have under way. They take no more than
//! half of the queue, and are let in before anything else whenever it has moved, so neither can shut the other out.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{load::Load, message::Message, turn::Turn};
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
    bounds: Load,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    /// What is in `messages`.
    all: Load,
    /// The part of it that pipelines sent.
    turns: Load,
    /// What pipelines sent and there was no room for, oldest first. Empty while there is room.
    waiting: VecDeque<Message>,
    /// The writer sleeps: it must be woken.
    asleep: bool,
    /// Nothing more is let in, and this is why.
    closed: Option<Error>,
}

impl State {
    fn let_in(&mut self, message: Message) {
        self.count(&message, Load::add);
        self.messages.push_back(message);
    }

    fn count(&mut self, message: &Message, change: fn(&mut Load, Load)) {
        let load = Load::of(message);
        change(&mut self.all, load);
        if matches!(message, Message::Turn(_)) {
            change(&mut self.turns, load);
        }
    }
}

/// What waits for the writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueLoad {
    /// Operations in the queue.
    pub ops: usize,
    /// Bytes of records in the queue.
    pub bytes: usize,
    /// Operations that streams sent and that wait in front of it for room.
    pub held_back: usize,
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
            bounds: Load { ops: limits.queue_ops_max, bytes: limits.queue_bytes_max },
        }
    }

    /// What waits now.
    pub fn load(&self) -> QueueLoad {
        let state = self.lock();
        let held_back = state.waiting.iter().map(Message::ops).sum();
        QueueLoad { ops: state.all.ops, bytes: state.all.bytes, held_back }
    }

    /// Send a message.
    pub fn push(&self, sender: Sender, message: Message) -> Result<(), Error> {
        let mut state = self.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        if sender == Sender::Client && !self.has_room(&state, &message) {
            return Err(Error::Overloaded(OVERLOAD_WAIT));
        }
        state.let_in(message);
        self.wake(state);
        Ok(())
    }

    /// Send what a pipeline asks, all or nothing. It waits for room by itself.
    pub fn push_turns(&self, turns: Vec<Turn>) -> Result<(), Error> {
        let mut state = self.lock();
        if let Some(error) = state.closed.clone() {
            drop(state);
            turns.into_iter().for_each(Turn::withdraw);
            return Err(error);
        }
        for turn in turns {
            self.in_line(&mut state, Message::Turn(turn));
        }
        self.wake(state);
        Ok(())
    }

    /// Send that a pipeline is no more, after all that it asked. Where nothing is let in any more it does not matter.
    pub fn push_broke(&self, pipeline: u64) {
        let mut state = self.lock();
        if state.closed.is_none() {
            self.in_line(&mut state, Message::Broke(pipeline));
            self.wake(state);
        }
    }

    /// Take the next batch; with nothing queued, sleep for at most `wait` first. False: closed, and nothing is left.
    pub fn take(&self, batch: &mut Vec<Message>, wait: Option<Duration>) -> bool {
        let mut state = self.lock();
        if state.messages.is_empty() && state.closed.is_none() && wait != Some(Duration::ZERO) {
            state = self.sleep(state, wait);
        }
        let mut taken = Load::default();
        while taken.bytes < BATCH_BYTES_MAX {
            let fits = |message: &mut Message| batch.is_empty() || taken.ops + message.ops() <= BATCH_OPS_MAX;
            let Some(message) = state.messages.pop_front_if(fits) else { break };
            taken.add(Load::of(&message));
            state.count(&message, Load::sub);
            batch.push(message);
        }
        self.admit(&mut state);
        !(batch.is_empty() && state.closed.is_some())
    }

    /// Let in what waits, as far as there is room.
    fn admit(&self, state: &mut State) {
        while let Some(message) = state.waiting.pop_front() {
            if !self.has_room(state, &message) {
                state.waiting.push_front(message);
                break;
            }
            state.let_in(message);
        }
    }

    fn in_line(&self, state: &mut State, message: Message) {
        if state.waiting.is_empty() && self.has_room(state, &message) {
            state.let_in(message);
        } else {
            state.waiting.push_back(message);
        }
    }

    /// What is larger than the whole bound must pass even so, if it is the only one of its sort, or it never would.
    fn has_room(&self, state: &State, message: &Message) -> bool {
        let load = Load::of(message);
        if matches!(message, Message::Turn(_)) {
            let fits = state.all.fits_with(load, self.bounds, 1) && state.turns.fits_with(load, self.bounds, 2);
            return fits || state.turns.ops == 0;
        }
        state.all.fits_with(load, self.bounds, 1) || state.messages.is_empty()
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.arrived.notify_one();
        }
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
        let abandoned = (std::mem::take(&mut state.messages), std::mem::take(&mut state.waiting));
        (state.all, state.turns) = (Load::default(), Load::default());
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
