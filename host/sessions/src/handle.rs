//! [`Sessions`]: how the rest of the host speaks to the writer.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    attempt::Report,
    caller::Caller,
    clock::{Clock, Environment},
    error::{Error, Refusal},
    ids::{Handle, Index, Key},
    limits::{Limits, RENEW_MAX},
    op::{AdminRequest, New, Op, SessionOp},
    pipeline::Pipeline,
    policy::Kinds,
    rules::{Ended, Opened, Reply, check_new},
    session::{Applied, Due},
    store::{
        Pause, Store, StoreError,
        redb::{BackupError, Verified},
    },
    writer::{
        self, Claims, Counts, Ending, Inspected, Message, Overview, Page, Part, Queue, QueueLoad, Renewals, ReplyTo,
        Sender, Writer,
    },
};

/// The writer could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be taken over.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no thread to be had.
    #[error("cannot start the writer thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running writer.
pub struct Started {
    /// Speaks to it.
    pub sessions: Sessions,
    /// Sessions as they are claimed. Whoever takes one must [`finish`](Sessions::finish) it.
    pub claims: Claims,
}

/// Take over a store and start its writer.
///
/// # Errors
///
/// If the store cannot be read or written, or there is no thread to be had.
pub fn start<S: Store + 'static>(
    store: S,
    limits: Limits,
    kinds: Kinds,
    environment: Environment,
) -> Result<Started, StartError> {
    let clock = Arc::clone(&environment.clock);
    let (claims_to, claims) = mpsc::unbounded_channel();
    let writer = Writer::new(store, limits, kinds, environment, claims_to)?;
    let queue = Arc::new(Queue::new(&limits));
    let (ended_to, ended) = watch::channel(None);
    let (term, pipelines) = (writer.term(), AtomicU64::new(0));
    let shared = Arc::new(Shared { queue: Arc::clone(&queue), limits, term, clock, pipelines, ended });
    let sessions = Sessions { shared, caller: Caller::default() };
    writer::spawn(writer, queue, ended_to)?;
    Ok(Started { sessions, claims })
}

/// Speaks to the writer. Cheap to clone.
///
/// Every method that changes something answers after the change is durable. Dropping its future does not take the
/// operation back.
#[derive(Clone)]
pub struct Sessions {
    shared: Arc<Shared>,
    caller: Caller,
}

struct Shared {
    queue: Arc<Queue>,
    limits: Limits,
    term: u64,
    clock: Arc<dyn Clock>,
    /// How many pipelines there were.
    pipelines: AtomicU64,
    ended: watch::Receiver<Option<Ending>>,
}

impl Sessions {
    /// The same, for this caller: what it opens, changes and renews is its own.
    #[must_use]
    pub fn of_caller(&self, caller: Caller) -> Self {
        Self { shared: Arc::clone(&self.shared), caller }
    }

    /// Open a session.
    ///
    /// # Errors
    ///
    /// [`Refusal::KindUnknown`], [`Refusal::RequestIdReused`], [`Refusal::RequestSettled`], a limit; or the host cannot now.
    pub async fn open(&self, new: New) -> Result<Opened, Error> {
        check_new(&self.shared.limits, &new)?;
        // Keys come from the operating system's chance, on the caller's thread.
        let op = Op::New { new, key: Key(rand::random()), caller: self.caller };
        match self.apply(Sender::Client, op).await? {
            Reply::Opened(opened) => Ok(opened),
            other => Err(unexpected(&other)),
        }
    }

    /// Do something to a session as its client. `number`: see [`Answered`](crate::session::Answered); 0 for none.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; or the host cannot now.
    pub async fn operate(&self, handle: Handle, number: u64, op: SessionOp) -> Result<Applied, Error> {
        let bytes = u64::try_from(op.record_bytes()).unwrap_or(u64::MAX);
        if bytes > self.shared.limits.record_bytes_max {
            return Err(Refusal::RecordTooLarge { bytes, max: self.shared.limits.record_bytes_max }.into());
        }
        let fingerprint = op.fingerprint();
        match self.apply(Sender::Client, Op::Client { handle, number, fingerprint, op, caller: self.caller }).await? {
            Reply::Applied(applied) => Ok(applied),
            other => Err(unexpected(&other)),
        }
    }

    /// Renew leases: for each its length in milliseconds, or why not. Writes nothing, unless a lease had ended.
    ///
    /// # Errors
    ///
    /// More than [`RENEW_MAX`] at once; or the host cannot now.
    pub async fn renew(&self, handles: Vec<Handle>) -> Result<Renewals, Error> {
        if handles.len() > RENEW_MAX {
            return Err(Refusal::TooLong { what: "the list of sessions to renew", max: RENEW_MAX }.into());
        }
        self.ask(Sender::Client, |reply_to| Message::Renew(handles, self.caller, reply_to)).await
    }

    /// Begin a pipeline: many operations under way at once, for one client.
    #[must_use]
    pub fn pipeline(&self) -> Pipeline {
        let number = self.shared.pipelines.fetch_add(1, Ordering::Relaxed);
        Pipeline::new(Arc::clone(&self.shared.queue), number, self.caller)
    }

    /// Make durable what a run asked so far. Neither `Delete` nor `Store` may be among it.
    ///
    /// # Errors
    ///
    /// [`Refusal::LeaseLost`] if the run no longer holds the session; or the store failed.
    pub async fn barrier(&self, handle: Handle, ops: Vec<SessionOp>) -> Result<(), Error> {
        self.apply(Sender::Host, Op::Barrier { handle, ops }).await.map(drop)
    }

    /// End a run, once for every [`Claimed`](crate::Claimed): its last operations and how it went.
    ///
    /// # Errors
    ///
    /// [`Refusal::LeaseLost`] if the run no longer holds the session; or the store failed. The run's worker is free in any
    /// case.
    pub async fn finish(&self, handle: Handle, ops: Vec<SessionOp>, report: Report) -> Result<Ended, Error> {
        match self.apply(Sender::Host, Op::Finish { handle, ops, report }).await? {
            Reply::Ended(ended) => Ok(ended),
            other => Err(unexpected(&other)),
        }
    }

    /// Do what a person asks, each by itself; the answers in order. All are sent before any is waited for, so they share
    /// commits.
    ///
    /// # Errors
    ///
    /// Of each: [`Refusal::SessionNotFound`], [`Refusal::WrongState`], [`Refusal::SessionChanged`]; or the host cannot now.
    pub async fn administer(&self, requests: Vec<AdminRequest>) -> Vec<Result<Applied, Error>> {
        let send = |request| {
            let (reply_to, reply) = oneshot::channel();
            self.shared.queue.push(Sender::Client, Message::Apply(Op::Admin(request), reply_to)).map(|()| reply)
        };
        let sent: Vec<_> = requests.into_iter().map(send).collect();
        let mut answers = Vec::with_capacity(sent.len());
        for sent in sent {
            let answer = match sent {
                // The writer drops a question unanswered only when the store has failed.
                Ok(reply) => reply.await.unwrap_or(Err(Error::StoreFailed)),
                Err(error) => Err(error),
            };
            answers.push(answer.and_then(|reply| match reply {
                Reply::Applied(applied) => Ok(applied),
                other => Err(unexpected(&other)),
            }));
        }
        answers
    }

    /// Read one session whole.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn inspect(&self, id: Index) -> Result<Option<Inspected>, Error> {
        let inspected = self.ask(Sender::Client, |reply_to| Message::Inspect(id, reply_to)).await?;
        Ok(inspected.map(|inspected| *inspected))
    }

    /// Count the sessions of every kind that has or had some, by state.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn counts(&self) -> Result<BTreeMap<u32, Counts>, Error> {
        self.ask(Sender::Client, Message::Count).await
    }

    /// A part of all sessions. What changes between two parts may be missed or met twice.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn list(&self, part: Part) -> Result<Page, Error> {
        self.ask(Sender::Client, |reply_to| Message::List(part, reply_to)).await
    }

    /// When the first stored session of each kind is due.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn heads(&self) -> Result<BTreeMap<u32, Due>, Error> {
        self.ask(Sender::Client, Message::Heads).await
    }

    /// How all kinds stand, with one question to the writer. It is let in however full the queue is, so that somebody who
    /// watches an overloaded host still sees it: ask one at a time.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn overview(&self) -> Result<Overview, Error> {
        self.ask(Sender::Host, Message::Overview).await.map(|overview| *overview)
    }

    /// What waits for the writer now, without asking it.
    #[must_use]
    pub fn queue(&self) -> QueueLoad {
        self.shared.queue.load()
    }

    /// Write everything into a new file, as it is now or a little later, while the host goes on; what was written. It can be
    /// opened as a store of its own.
    ///
    /// # Errors
    ///
    /// See [`BackupError`]; or the host cannot now.
    pub async fn backup(&self, path: PathBuf) -> Result<Result<Verified, BackupError>, Error> {
        let snapshot = self.ask(Sender::Client, Message::Snapshot).await?;
        let copied = tokio::task::spawn_blocking(move || snapshot.write_to(&path, rand::random()));
        Ok(copied.await.unwrap_or_else(|panic| Err(StoreError::Io(panic.to_string()).into())))
    }

    /// The kinds that a person paused.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn pauses(&self) -> Result<BTreeMap<u32, Pause>, Error> {
        self.ask(Sender::Client, Message::Pauses).await
    }

    /// Pause a kind, or resume it: no session of a paused kind is claimed, over restarts too. Runs under way go on.
    ///
    /// # Errors
    ///
    /// If the host cannot now.
    pub async fn set_paused(&self, kind: u32, paused: bool) -> Result<(), Error> {
        self.ask(Sender::Client, |reply_to| Message::SetPaused(kind, paused, reply_to)).await
    }

    /// The config changed. Holds from the next batch on; a session keeps the lease that it
    /// was opened with.
    pub fn set_kinds(&self, kinds: Kinds) {
        // Closed: then nothing is claimed or leased any more.
        let _ = self.shared.queue.push(Sender::Host, Message::SetKinds(kinds));
    }

    /// Claim nothing from now on: the first step of a shutdown.
    pub fn stop_claims(&self) {
        let _ = self.shared.queue.push(Sender::Host, Message::StopClaims);
    }

    /// Let nothing more in, commit what is queued, close the store.
    pub async fn stop(&self) -> Ending {
        self.shared.queue.close(Error::ShuttingDown);
        self.ended().await
    }

    /// Wait until the writer has ended, whatever the reason.
    pub async fn ended(&self) -> Ending {
        let mut ended = self.shared.ended.clone();
        let ending = ended.wait_for(Option::is_some).await.ok().and_then(|ending| ending.clone());
        ending.unwrap_or_else(|| Ending::Failed("the writer thread is gone".into()))
    }

    /// The present term: how many times a host took ownership of the store.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.shared.term
    }

    /// The limits that it was started with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// How long ago a session was claimed.
    #[must_use]
    pub fn since_claim(&self, claimed: &crate::Claimed) -> std::time::Duration {
        self.shared.clock.monotonic().saturating_sub(claimed.claimed_at)
    }

    async fn apply(&self, sender: Sender, op: Op) -> Result<Reply, Error> {
        self.ask(sender, |reply_to| Message::Apply(op, reply_to)).await
    }

    async fn ask<T>(&self, sender: Sender, message: impl FnOnce(ReplyTo<T>) -> Message) -> Result<T, Error> {
        let (reply_to, reply) = oneshot::channel();
        self.shared.queue.push(sender, message(reply_to))?;
        // The writer drops a question unanswered only when the store has failed.
        reply.await.unwrap_or(Err(Error::StoreFailed))
    }
}

/// The rules answer each operation with its own kind of reply. If that were ever broken, nothing could be said about the
/// operation, just as when the store fails.
fn unexpected(reply: &Reply) -> Error {
    tracing::error!(?reply, "an operation got the reply of another kind: this is a defect of mpy6a");
    Error::StoreFailed
}
