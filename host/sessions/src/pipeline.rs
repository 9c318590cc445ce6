//! A pipeline: many operations of one client under way at once, each with a tag that its answer repeats.
//!
//! ```text
//! Pipeline::send --asks--> Turn --> Queue --> writer --> answers --> Outbox --> Pipeline::poll_answers
//! ```
//!
//! * Asks are applied in the order sent. Answers come after the commit that holds what they answer.
//! * A session opened here is named by a local number that the client chose. Only the writer, which learns the session's id
//!   when it applies the `New`, knows what the number stands for; so `New` and what follows it can share a commit.
//! * When the pipeline is dropped, its client is gone: the sessions opened on it that it neither finished nor was heard of
//!   since by another way are stored at once, with their kind's delay, but for those that were to outlive it. Until they are claimed their client still holds them.
//! * Bounded: past [`PIPELINE_OPS_MAX`] operations or [`PIPELINE_BYTES_MAX`] bytes of records without an answer there
//!   [is no room](Pipeline::has_room_for), and the caller reads no more. When the writer's queue is full, pipelines wait in it for
//!   their turn, first come, first served, and are not refused.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    caller::{Caller, NamedClient},
    error::Error,
    ids::{Handle, Key},
    limits::{PIPELINE_BYTES_MAX, PIPELINE_OPS_MAX, TURN_OPS_MAX},
    op::{New, Operation, SessionOp},
    rules::Opened,
    session::Applied,
    writer::{Outbox, Queue, Turn},
};

/// Something asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Chosen by the client; the answer repeats it.
    pub tag: u64,
    /// What is asked.
    pub what: Wish,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Open a session.
    New {
        /// Names it from now on, on this pipeline.
        local: u64,
        /// What the client asks for.
        new: New,
        /// Whether the pipeline's end says nothing about the session.
        outlives: bool,
        /// The key that the session will have: [`Wish::new`] draws it.
        key: Key,
    },
    /// Do something to a session.
    Operate {
        /// The session.
        session: Named,
        /// The operation's number; 0 for none.
        number: u64,
        /// [`SessionOp::fingerprint`] of `op`.
        fingerprint: u64,
        /// The operation.
        op: SessionOp,
    },
    /// Renew a session's lease.
    Renew(Named),
}

/// How a session is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// By the number under which it was opened on this pipeline.
    Local(u64),
    /// By what `New` answered, here or elsewhere.
    Handle(Handle),
}

impl Wish {
    /// Open a session. Its key comes from the operating system's chance, on the caller's thread.
    #[must_use]
    pub fn new(local: u64, new: New) -> Self {
        Self::New { local, new, outlives: false, key: Key(rand::random()) }
    }

    /// The same, for a session that is not stored when the pipeline breaks: only the end of its lease is the end of its
    /// client.
    #[must_use]
    pub fn outliving(self) -> Self {
        match self {
            Self::New { local, new, key, .. } => Self::New { local, new, outlives: true, key },
            other => other,
        }
    }

    /// Do something to a session.
    #[must_use]
    pub fn operate(session: Named, number: u64, op: SessionOp) -> Self {
        Self::Operate { session, number, fingerprint: op.fingerprint(), op }
    }

    /// Its name.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::New { .. } => Operation::New,
            Self::Operate { op, .. } => op.operation(),
            Self::Renew(_) => Operation::Renew,
        }
    }

    /// The bytes of record that it brings.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        match self {
            Self::New { new, .. } => new.record.as_ref().map_or(0, bytes::Bytes::len),
            Self::Operate { op, .. } => op.record_bytes(),
            Self::Renew(_) => 0,
        }
    }
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its tag.
    pub tag: u64,
    /// What was asked.
    pub operation: Operation,
    /// The bytes of record that it brought.
    pub bytes: usize,
    /// What became of it.
    pub result: Result<Answered, Error>,
}

/// What became of something asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A session was opened.
    Opened(Opened),
    /// An operation was applied.
    Applied(Applied),
    /// A lease was renewed, for so many milliseconds.
    Renewed(u64),
}

/// One client's pipeline. Dropped, it broke; see [`Pipeline::dismiss`].
pub struct Pipeline {
    queue: Arc<Queue>,
    outbox: Arc<Outbox>,
    caller: Caller,
    ops: usize,
    bytes: usize,
    /// Whether its end says something about its client.
    speaks: bool,
}

impl Pipeline {
    pub(crate) fn new(queue: Arc<Queue>, number: u64, caller: Caller) -> Self {
        Self { queue, outbox: Arc::new(Outbox::new(number)), caller, ops: 0, bytes: 0, speaks: true }
    }

    /// Whether more may be received, to be sent after so many operations, with so many bytes of records, which were
    /// received already.
    #[must_use]
    pub fn has_room_for(&self, ops: usize, bytes: usize) -> bool {
        self.ops + ops < PIPELINE_OPS_MAX && self.bytes + bytes < PIPELINE_BYTES_MAX
    }

    /// Who asks, from now on: a client names itself once, and settles requests as their answers come.
    pub fn set_client(&mut self, client: NamedClient) {
        self.caller.client = Some(client);
    }

    /// How many operations have no answer yet.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.ops
    }

    /// Ask. The answers come out of [`Pipeline::poll_answers`].
    ///
    /// # Errors
    ///
    /// [`Error::ShuttingDown`], [`Error::StoreFailed`]: nothing of this was or will be applied.
    pub fn send(&mut self, asks: Vec<Ask>) -> Result<(), Error> {
        if asks.is_empty() {
            return Ok(());
        }
        let ops = asks.len();
        let mut bytes = 0;
        let mut turns = Vec::with_capacity(ops.div_ceil(TURN_OPS_MAX));
        let mut asks = asks.into_iter().peekable();
        while asks.peek().is_some() {
            let turn = Turn::new(&self.outbox, self.caller, asks.by_ref().take(TURN_OPS_MAX).collect());
            bytes += turn.bytes;
            turns.push(turn);
        }
        self.queue.push_turns(turns)?;
        self.ops += ops;
        self.bytes += bytes;
        Ok(())
    }

    /// Take the answers that have come; never an empty list. Wakes the task when there are some.
    ///
    /// # Errors
    ///
    /// [`Error::StoreFailed`]: what has no answer yet gets none, and whether it was applied shows after a restart.
    pub fn poll_answers(&mut self, context: &Context<'_>) -> Poll<Result<Vec<Answer>, Error>> {
        let answers = std::task::ready!(self.outbox.poll(context))?;
        self.ops = self.ops.saturating_sub(answers.len());
        self.bytes = self.bytes.saturating_sub(answers.iter().map(|answer| answer.bytes).sum());
        Poll::Ready(Ok(answers))
    }

    /// End it without a word about its client: the host itself is going. The sessions stay with their clients.
    pub fn dismiss(&mut self) {
        self.speaks = false;
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if self.speaks {
            self.queue.push_broke(self.outbox.number);
        }
    }
}
