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
//! * A host that does not serve the stream is asked by single calls for a while, and then for the stream again: it may have
//!   been something before it that answered, or an older host that was replaced since. What was sent ahead then may have been applied.
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
    time::{Instant, timeout_at},
};
use tonic::{Code, Status};
use tracing::debug;

use self::{requests::Requests, waiting::Waiting};
use crate::{
    call::{Sent, Truba},
    identity::Identity,
    lease::Registry,
    limits::{LINE_QUEUE_MAX, STREAM_RETRY},
};

/// What a caller gets for its operation.
pub(crate) type Answered = Result<Outcome, Lost>;

/// An operation without an answer.
#[derive(Clone, Debug)]
pub(crate) enum Lost {
    /// The stream ended before it was sent.
    Unsent(Option<Status>),
    /// The host does not serve the stream, or something before it says so, which may have passed on what it had.
    NotServed {
        /// Whether the operation was sent ahead.
        sent: bool,
    },
    /// The stream could not be opened.
    Unopened {
        /// How that was refused.
        status: Status,
        /// Whether the operation was sent ahead.
        sent: bool,
    },
    /// The stream broke while it was under way.
    Broken(Status),
    /// No answer came in time.
    Late {
        /// Whether it was sent.
        sent: bool,
    },
}

impl Lost {
    /// The same, for an operation that was still in the queue.
    fn unsent(&self) -> Self {
        match self {
            Self::Unopened { status, .. } => Self::Unopened { status: status.clone(), sent: false },
            Self::NotServed { .. } => Self::NotServed { sent: false },
            Self::Broken(status) => Self::Unsent(Some(status.clone())),
            other => other.clone(),
        }
    }
}

/// An operation to be sent, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Queued {
    operation: v1::Operation,
    /// None where it does not matter.
    sent: Option<Sent>,
    reply: oneshot::Sender<Answered>,
}

/// What has become of an operation whose answer will not come and of which the stream says nothing: its task is gone, with
/// its runtime.
fn gone(sent: bool) -> Lost {
    if sent { Lost::Broken(Status::unavailable("the stream's task has ended")) } else { Lost::Unsent(None) }
}

/// The line.
#[derive(Debug)]
pub(crate) struct Line {
    truba: Truba,
    identity: Arc<Identity>,
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
    NotServed {
        /// When to ask for the stream again.
        again: Instant,
    },
}

impl Line {
    /// A line that is opened when it is needed.
    pub fn new(truba: Truba, identity: Arc<Identity>, registry: Arc<Registry>) -> Self {
        let (state, locals) = (Mutex::new(State::Closed), AtomicU64::new(0));
        Self { truba, identity, runtime: Handle::current(), registry, state, locals }
    }

    /// A number for a session to be opened. Never given twice, so it is free on whichever stream it is used.
    pub fn local(&self) -> u64 {
        self.locals.fetch_add(1, Ordering::Relaxed)
    }

    /// Send an operation and wait for its answer until then. Dropped, it leaves the outcome unknown.
    pub async fn ask(self: &Arc<Self>, operation: v1::Operation, sent: &Sent, until: Instant) -> Answered {
        let answered = async { Ok(self.send_marked(operation, Some(sent.clone())).await?.await.ok()) };
        match timeout_at(until, answered).await {
            Ok(Ok(Some(answered))) => answered,
            Ok(Ok(None)) => Err(gone(!sent.withdraw())),
            Ok(Err(lost)) => Err(lost),
            Err(_) => Err(Lost::Late { sent: !sent.withdraw() }),
        }
    }

    /// Send an operation; its answer comes out of what is returned.
    pub async fn send(self: &Arc<Self>, operation: v1::Operation) -> Result<oneshot::Receiver<Answered>, Lost> {
        self.send_marked(operation, None).await
    }

    async fn send_marked(
        self: &Arc<Self>,
        operation: v1::Operation,
        sent: Option<Sent>,
    ) -> Result<oneshot::Receiver<Answered>, Lost> {
        let queue = self.queue()?;
        let (reply, answer) = oneshot::channel();
        queue.send(Queued { operation, sent, reply }).await.map_err(|_| Lost::Unsent(None))?;
        Ok(answer)
    }

    fn queue(self: &Arc<Self>) -> Result<mpsc::Sender<Queued>, Lost> {
        let mut state = self.state();
        match &*state {
            State::NotServed { again } if Instant::now() < *again => return Err(Lost::NotServed { sent: false }),
            State::Open(queue) if !queue.is_closed() => return Ok(queue.clone()),
            State::Open(_) | State::Closed | State::NotServed { .. } => {}
        }
        let (queue, receiver) = mpsc::channel(LINE_QUEUE_MAX);
        *state = State::Open(queue.clone());
        let way = (self.truba.clone(), self.identity.clone());
        self.runtime.spawn(carry(Arc::downgrade(self), way, receiver));
        Ok(queue)
    }

    /// A stream ended. Only the last one is ever open, so whatever is open now is another if it takes more.
    fn ended(&self, how: &Lost) {
        if matches!(how, Lost::NotServed { .. }) {
            debug!("the host serves no stream: going on with single calls for a while");
            *self.state() = State::NotServed { again: Instant::now() + STREAM_RETRY };
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
async fn carry(line: Weak<Line>, (truba, identity): (Truba, Arc<Identity>), queue: mpsc::Receiver<Queued>) {
    let waiting = Arc::new(Waiting::default());
    let how = converse(truba, Requests::new(queue, identity, waiting.clone()), &waiting).await;
    debug!(cause = ?how, "the stream to the host ended");
    // First that the line is closed, then the callers: they may try again at once.
    if let Some(line) = line.upgrade() {
        line.ended(&how);
    }
    waiting.end(&how);
}

async fn converse(mut truba: Truba, requests: Requests, waiting: &Waiting) -> Lost {
    let mut answers = match truba.operate(requests).await {
        Ok(response) => {
            waiting.opened();
            response.into_inner()
        }
        Err(status) if status.code() == Code::Unimplemented => return Lost::NotServed { sent: true },
        Err(status) => return Lost::Unopened { status, sent: true },
    };
    loop {
        match answers.message().await {
            Ok(Some(message)) => waiting.answer(message.answers),
            Ok(None) => return Lost::Broken(Status::unavailable("the host ended the stream")),
            Err(status) => return Lost::Broken(status),
        }
    }
}
