//! One run of a handler over one claimed session.
//!
//! The store lives here, outside the future that drives the guest, so that fuel, memory and log can be read however that
//! future ends: by returning, by an error, by running out of time (it is dropped wherever it waits), or by a panic of the host.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mpy6a_sessions::{Claimed, Outcome, Report, SessionOp};
use tokio::time::timeout;
use wasmtime::{Store, component::Resource};

use crate::{
    barrier::Barrier,
    bindings::{HandlerPre, RepeatData},
    egress::Egress,
    host::{Host, Outbound, log::LogSink, memory::MemoryAccount, session::SessionSide},
    limits::RunLimits,
    outcome,
    plugin::{Plugin, PluginSpec},
    sandbox::Sandbox,
    surroundings::Surroundings,
};

/// What there is to run.
#[derive(Debug)]
pub struct Job {
    /// The session, as the state machine handed it out.
    pub claimed: Claimed,
    /// The name of its kind in the config.
    pub kind_name: String,
    /// After this many repeats that finished nothing the session is parked.
    pub max_repeats: u32,
}

/// How it went. Both parts go to `Sessions::finish` as they are.
#[derive(Debug)]
pub struct RunEnd {
    /// What the handler asked since the last barrier, to be committed with the end of the run; empty unless it returned.
    pub ops: Vec<SessionOp>,
    /// Cause, time, fuel, memory, log.
    pub report: Report,
}

/// How driving a guest ended.
pub(crate) enum Ended {
    /// It did what was asked, or wasmtime ended it.
    Driven(wasmtime::Result<Outcome>),
    OutOfTime,
    Panicked(Outcome),
}

impl Ended {
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Driven(Ok(outcome)) | Self::Panicked(outcome) => outcome,
            Self::Driven(Err(error)) => outcome::of_error(&error),
            Self::OutOfTime => Outcome::TimedOut,
        }
    }
}

impl Plugin {
    /// Run the handler over the session.
    ///
    /// It always ends, within the kind's time and a little: every way to wait is under the same deadline. Dropping the future
    /// ends the run; what was committed at a barrier stays.
    pub async fn run(&self, job: Job, barrier: Arc<dyn Barrier>) -> RunEnd {
        self.run_in(Surroundings::default(), job, barrier).await
    }

    /// The same, in surroundings that are not the machine's.
    pub async fn run_in(&self, surroundings: Surroundings, job: Job, barrier: Arc<dyn Barrier>) -> RunEnd {
        let begun = Instant::now();
        let Job { claimed, kind_name, max_repeats } = job;
        // Never waited for: kinds together may not run more at once than the pool holds. Should it be otherwise, they queue up
        // here. The semaphore is never closed.
        let _slot = self.sandbox.runs.acquire().await;
        let limits = self.spec.limits;
        let session = &claimed.session;
        let log = LogSink::new(session.id, session.kind, session.repeats, limits.log_bytes);
        let host = Host::new(
            SessionSide::new(self.sandbox.limits, session, claimed.handle, barrier),
            self.outbound(&surroundings),
            log.clone(),
            MemoryAccount::new(limits.memory_bytes),
            Arc::clone(&self.settings),
            surroundings.clone(),
        );
        let deadline_ms = millis(surroundings.now() + limits.time);
        let data = repeat_data(claimed, kind_name, max_repeats, deadline_ms);

        let mut store = new_store(&self.sandbox, host, &limits);
        let ended = drive(&self.sandbox, limits.time, handle(&self.pre, &mut store, data)).await;

        let outcome = ended.outcome();
        let ops = if outcome.is_returned() { store.data_mut().session.draft.take() } else { Vec::new() };
        let log_tail = log.finish();
        let report = Report {
            outcome: outcome::with_last_words(outcome, &log_tail),
            duration_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            fuel: limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0)),
            memory_peak_bytes: store.data().memory.peak(),
            plugin_digest: self.digest,
            log_tail,
        };
        RunEnd { ops, report: report.bounded() }
    }

    fn outbound(&self, surroundings: &Surroundings) -> Outbound {
        let PluginSpec { grants, limits, .. } = &self.spec;
        let granted = match (&surroundings.transport, &self.egress) {
            (Some(transport), _) if grants.any_http() => {
                Arc::new(Egress::over(Arc::clone(transport), grants, limits.response_bytes))
            }
            (None, Some(egress)) => Arc::clone(egress),
            _ => {
                let remedy = "this kind has no grant for HTTP: add [[kind.plugin.http]] with `allow` to its config";
                return Outbound::Denied(remedy);
            }
        };
        match &surroundings.trail {
            Some(trail) => Outbound::Granted(Arc::new(granted.followed(Arc::clone(trail)))),
            None => Outbound::Granted(granted),
        }
    }
}

/// A store with every limit set.
pub(crate) fn new_store(sandbox: &Sandbox, host: Host, limits: &RunLimits) -> Store<Host> {
    let mut store = Store::new(&sandbox.engine, host);
    store.limiter(|host| &mut host.memory);
    store.set_hostcall_fuel(sandbox.hostcall_bytes_max);
    // Both fail only where the engine was built without fuel or epochs, and it is built with them.
    let _ = store.set_fuel(limits.fuel);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

/// Poll a guest until it ended, its time is up, or the host panicked on its behalf.
pub(crate) async fn drive(
    sandbox: &Sandbox,
    time: Duration,
    guest: impl Future<Output = wasmtime::Result<Outcome>>,
) -> Ended {
    let _ticking = sandbox.ticker.running();
    let mut guest = pin!(guest);
    // What the guest could leave behind half-done is in its store, which nobody uses after this but to read numbers.
    let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ended::Driven),
        Err(panic) => std::task::Poll::Ready(Ended::Panicked(outcome::of_panic(&*panic))),
    });
    timeout(time, caught).await.unwrap_or(Ended::OutOfTime)
}

async fn handle(pre: &HandlerPre<Host>, store: &mut Store<Host>, data: RepeatData) -> wasmtime::Result<Outcome> {
    let handler = pre.instantiate_async(&mut *store).await?;
    let returned = handler.call_handle(&mut *store, &data).await?;
    Ok(outcome::of_return(returned))
}

fn repeat_data(claimed: Claimed, kind_name: String, max_repeats: u32, deadline_ms: u64) -> RepeatData {
    let Claimed { session, records, due, .. } = claimed;
    RepeatData {
        records: records.into_iter().map(Vec::from).collect(),
        // One session in a run: the number means nothing, and the component model sees to it that the guest makes no other.
        session: Resource::new_own(0),
        kind: session.kind,
        kind_name,
        repeat: session.repeats,
        max_repeats,
        created_ms: session.created_ms,
        stored_ms: session.stored_ms,
        due_ms: due.at_ms,
        deadline_ms,
        idempotency_key: session.id.to_string(),
        traceparent: session.traceparent,
    }
}

/// Unix milliseconds; 0 for times before 1970.
pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
