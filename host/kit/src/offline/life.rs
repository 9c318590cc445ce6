//! Run after run, until the session is settled or enough runs have ended; with crashes where asked for.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mpy6a_plugins::{Job, Surroundings, surroundings::seed_of};
use mpy6a_sessions::{Outcome, Report, SessionOp, State, UNFINISHED};

use super::{
    KitError, Workbench,
    clock::VirtualClock,
    session::{OfflineSession, ending},
    trace::{Point, Trace, full},
};
use crate::outside::{Done, Outside, answer::Answer};

/// Most runs of a life: one that stores itself for ever is cut short.
const RUNS_MAX: u32 = 1_000;

/// How long a host that died is away. The minutes, seconds and milliseconds of a clock all change meanwhile, as they may in service.
pub const DOWN: Duration = Duration::from_millis(61_001);

/// How many runs more than the undisturbed life a disturbed one may take to settle.
pub const EXTRA_RUNS: u32 = 3;

/// What a life begins with.
#[derive(Clone, Debug)]
pub struct Situation {
    /// What the client recorded.
    pub records: Vec<Bytes>,
    /// What it gave with `New`.
    pub traceparent: Option<String>,
    /// How the world answers.
    pub answers: Vec<Answer>,
    /// When it begins, Unix milliseconds.
    pub start_ms: u64,
    /// How many runs are to end by themselves or by a limit; the life is over earlier where the session is gone or parked.
    pub runs: u32,
    /// Where chance begins. Each run has its own.
    pub seed: u64,
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunSeen {
    /// How it ended, what it took, its log.
    pub report: Report,
    /// `deleted`, `stored`, `unfinished`, or the outcome's own name; `crashed` where it was cut off.
    pub ending: &'static str,
}

/// What a handler did, from the first claim to the end.
#[derive(Clone, Debug)]
pub struct Life {
    /// Its runs, those cut off included.
    pub runs: Vec<RunSeen>,
    /// Operations that were committed, in order.
    pub operations: Vec<SessionOp>,
    /// What the session holds at the end; nothing if it is gone.
    pub records: Vec<Bytes>,
    /// Its state at the end; none if it is gone.
    pub state: Option<State>,
    /// What was done to the world.
    pub outside: Done,
    /// The points at which it could be cut, from one cut to the next.
    pub phases: Vec<Vec<Point>>,
    /// How long it took on its own clock, in milliseconds.
    pub took_ms: u64,
}

impl Life {
    /// How the last run that ended by itself left the session; `parked` where it is.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        let last = self.runs.iter().rev().find(|run| run.ending != CRASHED).map_or("nothing", |run| run.ending);
        match (self.state, last) {
            // What the handler itself asked for keeps its name.
            (Some(State::Parked { .. }), "unfinished" | "retry") => "parked",
            (_, last) => last,
        }
    }

    /// The handler's reason, or the host's message, at the last run.
    #[must_use]
    pub fn cause(&self) -> &str {
        self.runs.last().map_or("", |run| match run.ending {
            "unfinished" => UNFINISHED,
            _ => run.report.outcome.cause(),
        })
    }

    /// Whether no run will follow: the session is gone or parked.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.state, None | Some(State::Parked { .. }))
    }

    /// The runs' logs, one after the other.
    #[must_use]
    pub fn log(&self) -> String {
        self.runs.iter().map(|run| run.report.log_tail.as_str()).collect()
    }
}

/// How a run that was cut off ended.
const CRASHED: &str = "crashed";

/// An operation as a scenario writes it.
#[must_use]
pub fn line_of(op: &SessionOp) -> String {
    match op {
        SessionOp::Append(record) => format!("append {}", full(record)),
        SessionOp::Replace(record) => format!("replace {}", full(record)),
        SessionOp::Delete => "delete".to_owned(),
        SessionOp::Store { timeout_s: None } => "store".to_owned(),
        SessionOp::Store { timeout_s: Some(seconds) } => format!("store {seconds}"),
    }
}

impl Workbench {
    /// Live through a situation; the host dies at point `cuts[0]`, then at point `cuts[1]` of what follows, and so on, and each time
    /// comes back after [`DOWN`].
    ///
    /// # Errors
    ///
    /// The session is one that the host would not have taken.
    pub async fn live(&self, situation: &Situation, cuts: &[usize]) -> Result<Life, KitError> {
        self.live_with(situation, cuts, DOWN).await
    }

    /// The same, with a host that is away for so long.
    ///
    /// # Errors
    ///
    /// As above.
    pub async fn live_with(&self, situation: &Situation, cuts: &[usize], down: Duration) -> Result<Life, KitError> {
        let setup = self.setup();
        let clock = Arc::new(VirtualClock::starting_at(situation.start_ms));
        let outside = Arc::new(Outside::new(situation.answers.clone()));
        let trace = Arc::new(Trace::cut_at(cuts));
        let session = Arc::new(OfflineSession::stored(
            setup.limits,
            setup.policy,
            Arc::clone(&clock),
            setup.kind,
            &situation.records,
            situation.traceparent.clone(),
        )?);
        let began_ms = clock.now_ms();
        let (mut runs, mut ended) = (Vec::new(), 0);
        while ended < situation.runs.min(RUNS_MAX) {
            let Some(claimed) = session.claim().await? else { break };
            let handle = claimed.handle;
            trace.begin_run(runs.len());
            let surroundings = Surroundings {
                clock: Some(Arc::clone(&clock) as _),
                seed: Some(seed_of(situation.seed.wrapping_add(runs.len() as u64))),
                transport: Some(Arc::clone(&outside) as _),
                witness: Some(Arc::clone(&trace) as _),
                trail: None,
                settings_read: None,
            };
            let (kind_name, max_repeats) = (setup.kind_name.clone(), setup.policy.max_repeats);
            let job = Job { claimed, kind_name, max_repeats };
            let end = self.plugin().run_in(surroundings, job, Arc::clone(&session) as _).await;
            let report = end.report.clone();
            if report.outcome == Outcome::HostDied || trace.at_return().is_err() {
                session.crash(handle.id)?;
                tokio::time::sleep(down).await;
                runs.push(RunSeen { report, ending: CRASHED });
                continue;
            }
            ended += 1;
            let became = session.finish(handle, end.ops, end.report)?;
            runs.push(RunSeen { ending: ending(&report.outcome, became), report });
        }
        Ok(Life {
            runs,
            operations: session.committed(),
            records: session.records(),
            state: session.state(),
            outside: outside.done(),
            phases: trace.phases(),
            took_ms: clock.now_ms() - began_ms,
        })
    }
}
