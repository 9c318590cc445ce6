//! Runs the handlers of claimed sessions: the claims come in from the state machine, and each ends with one `finish`.
//!
//! ```text
//! claims --> repeat: plugin in service? -> run in the sandbox, recorded -> finish -> "repeat ended" in the log
//! ```
//!
//! Invariants:
//!
//! * One `finish` for each claim, whatever happens: no plugin, a refusal of the sandbox, a panic. Without it a worker
//!   of the kind would be gone for good. The one exception is a host that stops and cuts its last runs.
//! * A run goes on with the plugin it began with, whatever is swapped meanwhile.
//!
//! Runs live on a runtime of their own ([`Runs`]). A handler that computes keeps its thread busy for a tick of the
//! sandbox at a time; on a shared runtime every answer to a client queues behind such ticks, while between threads the
//! operating system shares the cores out fairly. Measured once, on two cores with other work on them, eight clients and
//! eight handlers that compute without pause: with threads of their own clients went on at 600 operations a second, as
//! without the handlers; on a shared runtime they had not done 1,800 operations after a minute.

pub mod runtime;
pub mod timing;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use mpy6a_plugins::{Job, RunEnd, Surroundings, egress::Trail};
use mpy6a_sessions::{Claimed, Claims, Ended, Error, Outcome, Report, Sessions, UNFINISHED, clock::Clock};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

pub use self::runtime::Runs;
use self::timing::{Stopwatch, Times};
use crate::{
    metrics::{Metrics, Repeat},
    recordings::Recordings,
    reload::Board,
    traces::{self, Traces},
};

/// What every repeat needs.
#[derive(Clone)]
pub struct Context {
    /// The state machine.
    pub sessions: Sessions,
    /// What is in service.
    pub board: Arc<Board>,
    /// Where attempts are kept.
    pub recordings: Recordings,
    /// The clock of the state machine, to measure by.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is traced.
    pub traces: Traces,
}

/// Run whatever is claimed, until the claims end.
pub async fn run_claims(context: Context, mut claims: Claims, tracker: TaskTracker) {
    while let Some(claimed) = claims.recv().await {
        tracker.spawn(repeat(context.clone(), claimed));
    }
}

async fn repeat(context: Context, claimed: Claimed) {
    let mut watch = Stopwatch::start(Arc::clone(&context.clock), claimed.late, claimed.claimed_at);
    let line = Line::new(&context.board, &claimed);
    let mut traced = context.traces.run(&claimed, &line.kind_name);
    let line = line.in_trace(traced.as_ref(), &claimed);
    let (handle, late) = (claimed.handle, claimed.late);
    let trail = traced.as_ref().map(traces::Run::trail);
    let RunEnd { ops, report } = caught(run(&context, claimed, line.kind_name.clone(), trail)).await;
    watch.run_ended();
    if let Some(traced) = &mut traced {
        traced.returned(&report.outcome);
    }
    let Report { duration_us, fuel, memory_peak_bytes, plugin_digest, .. } = report;
    // Without the log, which only the session keeps.
    let (outcome, log_tail) = (report.outcome.clone(), String::new());
    let kept = Report { outcome, duration_us, fuel, memory_peak_bytes, plugin_digest, log_tail };
    let finished = context.sessions.finish(handle, ops, report).await;
    let times = watch.committed();
    let ended = finished.as_ref().map_or("lost", name);
    context.metrics.repeats.count(&Repeat { kind: line.kind, report: &kept, ended, late, run_us: times.run_us });
    if let Some(traced) = traced {
        traced.ended(ended);
    }
    line.write(&kept, ended, finished, times);
}

/// What became of the session, in a word.
fn name(ended: &Ended) -> &'static str {
    match ended {
        Ended::Deleted => "deleted",
        Ended::Stored { .. } => "stored",
        Ended::Backoff { .. } => "backoff",
        Ended::Parked => "parked",
    }
}

/// One run, from the claim to what is to be committed at its end.
async fn run(context: &Context, claimed: Claimed, kind_name: String, trail: Option<Arc<dyn Trail>>) -> RunEnd {
    let kind = claimed.session.kind;
    let Some(plugin) = context.board.plugins.get(kind) else {
        return not_started("no plugin of this kind is in service: see the kind's trouble in Admin.ListKinds");
    };
    let config = Arc::clone(&context.board.now().config);
    let configured = config.kinds.get(&kind);
    let max_repeats = configured.map_or(claimed.session.repeats, |kind| kind.policy.max_repeats);
    let keep = configured.map(|kind| kind.keep).unwrap_or_default();
    let job = Job { claimed, kind_name, max_repeats };
    let barrier = Arc::new(context.sessions.clone());
    let end = match context.recordings.recorder(&plugin, &job, keep) {
        None => plugin.run_in(Surroundings { trail, ..Surroundings::default() }, job, barrier).await,
        Some(recorder) => {
            let surroundings = Surroundings { trail, ..recorder.surroundings() };
            let end = plugin.run_in(surroundings, job, recorder.around(barrier)).await;
            context.recordings.offer(&plugin, recorder, &end, keep);
            end
        }
    };
    context.board.probation.ended(kind, &plugin, &end.report.outcome);
    end
}

fn not_started(why: &str) -> RunEnd {
    RunEnd { ops: Vec::new(), report: Report::bare(Outcome::NotStarted(why.to_owned())) }
}

/// The run, or, should the host itself panic in it, a report of that: a bug in the host must not cost a worker.
async fn caught(run: impl Future<Output = RunEnd>) -> RunEnd {
    let mut run = pin!(run);
    std::future::poll_fn(|cx| {
        // After a panic the future is not polled again, and what it shares with others is the sandbox and the state
        // machine's door, which hold no lock across a poll.
        match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
                let cause = format!("the host panicked during the run, a bug worth reporting: {text}");
                Poll::Ready(RunEnd { ops: Vec::new(), report: Report::bare(Outcome::Trapped(cause)) })
            }
        }
    })
    .await
}

/// The line in the log that ends a repeat.
struct Line {
    session: mpy6a_sessions::Index,
    kind: u32,
    kind_name: String,
    repeat: u32,
    /// The trace that it belongs to, in hex.
    trace_id: Option<String>,
}

impl Line {
    fn new(board: &Board, claimed: &Claimed) -> Self {
        let (session, kind) = (claimed.session.id, claimed.session.kind);
        let kind_name = board.now().config.kinds.get(&kind).map(|kind| kind.name.clone()).unwrap_or_default();
        Self { session, kind, kind_name, repeat: claimed.session.repeats, trace_id: None }
    }

    /// In the trace that is kept of it, or else in its client's.
    fn in_trace(self, traced: Option<&traces::Run>, claimed: &Claimed) -> Self {
        let clients = || claimed.session.traceparent.as_deref().and_then(traces::parent::trace_id);
        Self { trace_id: traced.map(traces::Run::trace_id).or_else(clients), ..self }
    }

    fn write(self, report: &Report, ended: &str, finished: Result<Ended, Error>, times: Times) {
        let Self { session, kind, kind_name, repeat, trace_id } = self;
        let Report { outcome, fuel, .. } = report;
        if let Err(error) = finished {
            error!(%session, kind, kind_name, repeat, outcome = outcome.name(), %error, "the end of a repeat was not kept");
            return;
        }
        let Times { lag_us, run_us, commit_us, total_us } = times;
        let is_unfinished = *outcome == Outcome::Returned && matches!(ended, "backoff" | "parked");
        let (outcome, cause) = (outcome.name(), if is_unfinished { UNFINISHED } else { outcome.cause() });
        info!(
            %session, kind, kind_name, repeat, outcome, cause, ended, lag_us, run_us, commit_us, total_us, fuel,
            trace_id, "repeat ended"
        );
        if ended == "parked" {
            warn!(%session, kind, kind_name, repeat, outcome, cause, "session parked: it waits for a person to decide");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_run_ends_it_with_a_report() {
        let end = caught(async {
            tokio::task::yield_now().await;
            #[allow(clippy::panic)]
            {
                panic!("number {}", 7)
            }
        })
        .await;
        assert!(end.ops.is_empty());
        assert!(
            matches!(&end.report.outcome, Outcome::Trapped(cause) if cause.contains("number 7")),
            "{:?}",
            end.report
        );
    }
}
