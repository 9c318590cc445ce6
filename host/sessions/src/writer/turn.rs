//! A turn: some operations of a pipeline, on their way to the writer and back.
//!
//! Answers are handed over a turn at a time: one lock and at most one wake-up for up to
//! [`TURN_OPS_MAX`](crate::limits::TURN_OPS_MAX) operations. A turn that is dropped without answers, because the store
//! failed, tells its pipeline so: nobody waits in vain.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    caller::Caller,
    error::Error,
    limits::TURN_OPS_MAX,
    pipeline::{Answer, Ask},
};

/// Some operations of one pipeline, in order; later, their answers.
pub struct Turn {
    /// Where the answers go.
    pub outbox: Arc<Outbox>,
    /// Who asks.
    pub caller: Caller,
    /// What is asked.
    pub asks: Vec<Ask>,
    /// The bytes of record in it.
    pub bytes: usize,
    /// The answers, in the order of what was asked.
    pub answers: Vec<Answer>,
    /// Whether the pipeline knows what became of it.
    settled: bool,
}

impl Turn {
    /// A turn that asks for this; never for nothing.
    #[must_use]
    pub fn new(outbox: &Arc<Outbox>, caller: Caller, asks: Vec<Ask>) -> Self {
        let bytes = asks.iter().map(|ask| ask.what.record_bytes()).sum();
        Self { outbox: Arc::clone(outbox), caller, asks, bytes, answers: Vec::new(), settled: false }
    }

    /// Hand the answers over.
    pub fn answer(mut self) {
        self.settled = true;
        self.outbox.put(std::mem::take(&mut self.answers));
    }

    /// It was not let in, and its sender knows.
    pub fn withdraw(mut self) {
        self.settled = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.settled {
            self.outbox.fail();
        }
    }
}

/// Where the answers to a pipeline lie until they are taken. Bounded by what the pipeline may ask without an answer.
pub struct Outbox {
    /// Tells pipelines apart.
    pub number: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those to each turn, oldest first; none is empty.
    answers: VecDeque<Vec<Answer>>,
    failed: bool,
    waker: Option<Waker>,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self { number, state: Mutex::default() }
    }

    /// Take the answers to some turns: as many as make no more than [`TURN_OPS_MAX`] together, and at least one. Not to all:
    /// while the client goes on from these, the next are on their way.
    ///
    /// # Errors
    ///
    /// [`Error::StoreFailed`]: no more come.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Result<Vec<Answer>, Error>> {
        let mut state = self.lock();
        if let Some(mut answers) = state.answers.pop_front() {
            while let Some(more) = state.answers.pop_front_if(|more| answers.len() + more.len() <= TURN_OPS_MAX) {
                answers.extend(more);
            }
            return Poll::Ready(Ok(answers));
        }
        if state.failed {
            return Poll::Ready(Err(Error::StoreFailed));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn put(&self, answers: Vec<Answer>) {
        self.change(|state| state.answers.push_back(answers));
    }

    /// No more answers come. Those that lie here are still taken.
    fn fail(&self) {
        self.change(|state| state.failed = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nothing in here panics with the lock held, so a poisoned state is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
