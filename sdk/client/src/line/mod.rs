//! The line to the host: one `Operate` stream for all sessions of a client, over which any number of operations are under
//! way at once.
//!
//! ```text
//! many callers --Queued--> queue --Requests--> stream --answers--> the task `carry` --> each caller
//! ```
//!
//! * Opened when it is first needed, and again when it is needed and broken. There is one at a time.
//! * Whatever comes of it, each caller learns: the answer, or that its operation was never sent, or that the stream broke
//!   with it under way.
//! * When it broke, the host stores the sessions opened on it, with their kind's delay. Their client still holds them, so all
//!   leases are renewed at once, over the next line.
//! * A host that does not serve the stream is asked by single calls from then on.
//! * Bounded: the queue; what is under way is one operation for each caller that waits.

mod requests;
mod waiting;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicU64, Ordering},
};

use mpy6a_proto::v1::{self, answer::Outcome};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tonic::{Code, Status};
use tracing::debug;

use self::{requests::Requests, waiting::Waiting};
use crate::{call::Truba, lease::Registry, limits::LINE_QUEUE_MAX};

/// What a caller gets for its operation.
pub(crate) type Answered = Result<Outcome, Lost>;

/// An operation without an answer.
#[derive(Clone, Debug)]
pub(crate) enum Lost {
    /// It was never sent.
    NotSent,
    /// The host does not serve the stream: nothing was applied.
    NotServed,
    /// The stream could not be opened.
    NotOpened(Status),
    /// The stream broke while it was under way.
    Broken(Status),
}

/// An operation to be sent, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Queued {
    operation: v1::Operation,
    reply: oneshot::Sender<Answered>,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Line {
    truba: Truba,
    /// Where the client was made: the line lives there.
    runtime: Handle,
    registry: Arc<Registry>,
    state: Mutex<State>,
    locals: AtomicU64,
}

#[derive(Debug)]
enum State {
    Closed,
    Open(mpsc::Sender<Queued>),
    NotServed,
}

impl Line {
    /// A line that is opened when it is needed.
    pub fn new(truba: Truba, registry: Arc<Registry>) -> Self {
        let (state, locals) = (Mutex::new(State::Closed), AtomicU64::new(0));
        Self { truba, runtime: Handle::current(), registry, state, locals }
    }

    /// A number for a session to be opened. Never given twice, so it is free on whichever stream it is used.
    pub fn local(&self) -> u64 {
        self.locals.fetch_add(1, Ordering::Relaxed)
    }

    /// Send an operation and wait for its answer. Dropped, it leaves the outcome unknown.
    pub async fn ask(self: &Arc<Self>, operation: v1::Operation) -> Answered {
        // What goes away without a word was still in the queue.
        self.send(operation).await?.await.unwrap_or(Err(Lost::NotSent))
    }

    /// Send an operation; its answer comes out of what is returned.
    pub async fn send(self: &Arc<Self>, operation: v1::Operation) -> Result<oneshot::Receiver<Answered>, Lost> {
        let queue = self.queue()?;
        let (reply, answer) = oneshot::channel();
        queue.send(Queued { operation, reply }).await.map_err(|_| Lost::NotSent)?;
        Ok(answer)
    }

    fn queue(self: &Arc<Self>) -> Result<mpsc::Sender<Queued>, Lost> {
        let mut state = self.state();
        match &*state {
            State::NotServed => return Err(Lost::NotServed),
            State::Open(queue) if !queue.is_closed() => return Ok(queue.clone()),
            State::Open(_) | State::Closed => {}
        }
        let (queue, receiver) = mpsc::channel(LINE_QUEUE_MAX);
        *state = State::Open(queue.clone());
        self.runtime.spawn(carry(Arc::downgrade(self), self.truba.clone(), receiver));
        Ok(queue)
    }

    /// A stream ended. Only the last one is ever open, so whatever is open now is another if it takes more.
    fn ended(&self, how: &Lost) {
        if matches!(how, Lost::NotServed) {
            debug!("the host serves no stream: going on with single calls");
            *self.state() = State::NotServed;
        }
        if matches!(how, Lost::Broken(_)) {
            self.registry.hurry();
        }
    }

    /// Nothing panics with the lock held, so its poison is of no concern.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carry operations to the host and answers back, until the stream ends or nobody needs it any more.
async fn carry(line: Weak<Line>, truba: Truba, queue: mpsc::Receiver<Queued>) {
    let waiting = Arc::new(Waiting::default());
    let how = converse(truba, Requests::new(queue, waiting.clone()), &waiting).await;
    debug!(cause = ?how, "the stream to the host ended");
    // First that the line is closed, then the callers: they may try again at once.
    if let Some(line) = line.upgrade() {
        line.ended(&how);
    }
    waiting.end(&how);
}

async fn converse(mut truba: Truba, requests: Requests, waiting: &Waiting) -> Lost {
    let mut answers = match truba.operate(requests).await {
        Ok(response) => response.into_inner(),
        Err(status) if status.code() == Code::Unimplemented => return Lost::NotServed,
        Err(status) => return Lost::NotOpened(status),
    };
    loop {
        match answers.message().await {
            Ok(Some(message)) => waiting.answer(message.answers),
            Ok(None) => return Lost::Broken(Status::unavailable("the host ended the stream")),
            Err(status) => return Lost::Broken(status),
        }
    }
}
