//! The writer: the one door that everything durable passes.
//!
//! ```text
//! Sessions (many tasks) --Message--> Queue --batch--> Writer::step -------------------------------> answers
//!                                                       | apply each over the store (Batch, rules)     ^
//! leases that ended, sessions that are due -------------+ one commit                                   |
//!                                                       +----> Claims (runs of handlers)   after it ---+
//! ```
//!
//! One thread. It sleeps until something is queued, a lease ends or a session falls due; takes whatever queued up during
//! the last commit (group commit); lets the rules decide one after another; adds the leases that ended and the claims that
//! free workers allow; makes all of it durable in one commit; and only then answers and hands out claims. Clients go before
//! leases, and leases before claims, so that an operation that arrived in time is never too late.
//!
//! | part | job |
//! |---|---|
//! | `queue`, `message`, `load` | the bounded door |
//! | `step`, `calls` | one batch, from its messages to its answers |
//! | `batch` | the rules over the store and over what the batch did so far |
//! | `ledger`, `counts`, `tombstones` | the store and what is kept in step with it |
//! | `turn`, `turns`, `pipelines` | operations that come many at once, from one client |
//! | `reads` | what people ask of the store |
//! | `timers`, `leases`, `schedule` | what happens by itself |
//! | `thread` | the thread around all this |
//!
//! [`Writer::step`] waits for nothing and asks nobody for the time but its [`Environment`], so a test or a simulation drives
//! the writer without its thread: that is why [`Writer`] and [`Message`] are public (`tests/sim`).
//!
//! Invariants:
//!
//! * what is answered was committed before, and after a failed commit nothing is answered any more;
//! * every active session has a lease, and no other has;
//! * a session that its client has not finished is named by at most one local number, of one pipeline;
//! * a kind's `running` grows with a claim and shrinks with its `Finish`, whatever that is answered.

mod batch;
mod calls;
mod claim;
mod counts;
mod leases;
mod ledger;
mod load;
mod message;
mod pipelines;
mod queue;
mod reads;
mod schedule;
mod step;
#[cfg(test)]
mod tests;
mod thread;
mod timers;
mod tombstones;
mod turn;
mod turns;

use std::time::Duration;

use tokio::sync::mpsc;

pub use claim::{Claimed, Claims};
pub use message::{Counts, Inspected, Listed, Message, Overview, Page, Part, Renewals, ReplyTo};
pub use queue::QueueLoad;
pub(crate) use queue::{Queue, Sender};
pub use thread::Ending;
pub(crate) use thread::spawn;
pub use tombstones::Remembered;
pub use turn::{Outbox, Turn};

use crate::{
    clock::{Environment, SteadyTime},
    ids::Index,
    limits::{BATCH_OPS_MAX, Limits},
    op::Op,
    policy::Kinds,
    session::{Session, State},
    store::{Store, StoreError},
};

/// The longest sleep until a due time: a wall clock set forward meanwhile makes sessions due that no timer knows of.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Everything that the writer thread owns. A host [starts](crate::start) one with a thread and a queue; whoever drives one
/// without them calls [`Writer::step`] again and again, from one thread, and never after it failed.
pub struct Writer<S> {
    ledger: ledger::Ledger<S>,
    timers: timers::Timers,
    environment: Environment,
    time: SteadyTime,
    claims: mpsc::UnboundedSender<Claimed>,
}

/// The moment of a batch.
#[derive(Clone, Copy)]
struct Now {
    /// Unix microseconds, never going backwards.
    wall_us: u64,
    /// The monotonic clock.
    monotonic: Duration,
}

impl Now {
    fn wall_ms(self) -> u64 {
        self.wall_us / 1000
    }
}

impl<S: Store> Writer<S> {
    /// Take over a store: raise its term, give every active session a fresh lease, and make due at once what was being
    /// repeated when the last host died. Claimed sessions will come out of `claims`.
    ///
    /// # Errors
    ///
    /// If the store cannot be read or written.
    pub fn new(
        store: S,
        limits: Limits,
        kinds: Kinds,
        environment: Environment,
        claims: mpsc::UnboundedSender<Claimed>,
    ) -> Result<Self, StoreError> {
        let mut timers = timers::Timers::default();
        timers.schedule.set_kinds(&kinds);
        let (ledger, held, now_ms) = ledger::Ledger::take_over(store, limits, kinds, environment.clock.monotonic())?;
        for kind in ledger.pauses.keys() {
            timers.schedule.set_paused(*kind, true);
        }
        let time = SteadyTime::going_on(now_ms.saturating_mul(1000), environment.clock.monotonic());
        let mut writer = Self { ledger, timers, environment, time, claims };
        writer.recover(&held)?;
        Ok(writer)
    }

    /// The present term.
    pub fn term(&self) -> u64 {
        self.ledger.last.term
    }

    fn recover(&mut self, held: &[Session]) -> Result<(), StoreError> {
        let now = self.now();
        let (active, repeating): (Vec<_>, Vec<_>) = held.iter().partition(|session| session.state == State::Active);
        for session in &active {
            self.timers.grant(session, now.monotonic);
        }
        for some in repeating.chunks(BATCH_OPS_MAX) {
            let mut batch = self.ledger.begin(now.wall_ms(), now.monotonic);
            for session in some {
                // Nobody asked, so nobody is to be told of a refusal.
                let _ = batch.apply(&Op::HostDied(session.id), 0)?;
            }
            let (last, changes) = batch.into_changes();
            self.commit(last, changes, now)?;
        }
        if !held.is_empty() {
            tracing::info!(active = active.len(), repeating = repeating.len(), "took over what the last host held");
        }
        Ok(())
    }

    fn commit(&mut self, last: Index, changes: Vec<crate::store::SessionChange>, now: Now) -> Result<(), StoreError> {
        // Before the commit, which takes the changes: after one that fails no timer matters any more.
        for change in &changes {
            self.timers.follow(change, now.monotonic);
        }
        self.ledger.commit(last, changes, now.wall_ms())
    }

    /// Put the store in order, after the last step.
    ///
    /// # Errors
    ///
    /// If something cannot be written. What was answered stays durable.
    pub fn close(&mut self) -> Result<(), StoreError> {
        self.ledger.store.close()
    }

    fn now(&mut self) -> Now {
        let monotonic = self.environment.clock.monotonic();
        let wall_us = self.time.now_us(self.environment.clock.wall_us(), monotonic);
        Now { wall_us, monotonic }
    }

    /// How long the writer may sleep if nothing is queued; `None`: for ever.
    fn sleep(&mut self) -> Option<Duration> {
        if self.timers.pipelines.has_left() {
            return Some(Duration::ZERO);
        }
        let now = self.now();
        let until = |at_ms: u64| Duration::from_micros(at_ms.saturating_mul(1000).saturating_sub(now.wall_us));
        let due = self.timers.schedule.next_due_ms().map(|at_ms| until(at_ms).min(SLEEP_MAX));
        let lease = self.timers.leases.next_end().map(|end| end.saturating_sub(now.monotonic));
        due.into_iter().chain(lease).min()
    }
}
