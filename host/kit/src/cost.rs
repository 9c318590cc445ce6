//! What a handler costs: to load, and to run over a given session.
//!
//! In real time, unlike the rest of this crate; the world outside still is the scenario's, so what is measured is the handler, its
//! start and its calls, and neither network nor disk.

use std::{sync::Arc, time::Instant};

use hdrhistogram::Histogram;
use mpy6a_plugins::{Job, Surroundings};
use mpy6a_sessions::Outcome;

use crate::{
    offline::{KitError, Setup, Workbench, clock::VirtualClock, life::Situation, session::OfflineSession},
    outside::Outside,
};

/// Runs that are not counted: caches warm up, and the pool touches its memory for the first time.
const WARM_UP_RUNS: u32 = 20;

/// What loading takes.
#[derive(Clone, Copy, Debug)]
pub struct LoadCost {
    /// Read, check, compile, link and try out, in microseconds.
    pub cold_us: u64,
    /// The same by another process that finds the compiled code in the cache.
    pub cached_us: u64,
}

/// What runs take.
#[derive(Clone, Debug)]
pub struct RunCost {
    /// Nanoseconds for a run, from instantiation to the end.
    pub nanos: Histogram<u64>,
    /// Fuel of the last run.
    pub fuel: u64,
    /// Peak of linear memory and tables, in bytes.
    pub memory_bytes: u64,
    /// How the last run ended.
    pub outcome: Outcome,
}

/// Load a plugin twice, each time by a sandbox of its own: the first finds an empty cache, the second a warm one.
///
/// # Errors
///
/// [`KitError`], with the remedy.
pub async fn of_loading(setup: &Setup) -> Result<LoadCost, KitError> {
    let cache = tempfile::tempdir()?;
    let setup = Setup { cache_dir: Some(cache.path().join("compiled")), ..setup.clone() };
    Ok(LoadCost { cold_us: load(&setup).await?, cached_us: load(&setup).await? })
}

async fn load(setup: &Setup) -> Result<u64, KitError> {
    let sandbox = Workbench::sandbox(setup)?;
    let begun = Instant::now();
    let plugin = sandbox.load(&setup.spec).await?;
    let took = begun.elapsed();
    drop(plugin);
    Ok(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
}

/// Run the handler so many times, each time over a fresh session in the same situation.
///
/// # Errors
///
/// The session is one that the host would not have taken.
pub async fn of_running(bench: &Workbench, situation: &Situation, runs: u32) -> Result<RunCost, KitError> {
    // Grows as it must; three digits.
    let nanos = Histogram::new(3).map_err(|error| KitError::Histogram(error.to_string()))?;
    let mut cost = RunCost { nanos, fuel: 0, memory_bytes: 0, outcome: Outcome::Returned };
    for run in 0..WARM_UP_RUNS + runs {
        let (job, session, surroundings) = prepare(bench, situation).await?;
        let begun = Instant::now();
        let end = bench.plugin().run_in(surroundings, job, session).await;
        let took = begun.elapsed();
        if run >= WARM_UP_RUNS {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            cost.nanos.record(nanos).map_err(|error| KitError::Histogram(error.to_string()))?;
        }
        cost.fuel = end.report.fuel;
        cost.memory_bytes = end.report.memory_peak_bytes;
        cost.outcome = end.report.outcome;
    }
    Ok(cost)
}

async fn prepare(
    bench: &Workbench,
    situation: &Situation,
) -> Result<(Job, Arc<OfflineSession>, Surroundings), KitError> {
    let setup = bench.setup();
    let clock = Arc::new(VirtualClock::starting_at(situation.start_ms));
    // Nobody waits for real.
    let policy = mpy6a_sessions::KindPolicy { delay_ms: 0, jitter_ms: 0, ..setup.policy };
    let session = Arc::new(OfflineSession::stored(
        setup.limits,
        policy,
        clock,
        setup.kind,
        &situation.records,
        situation.traceparent.clone(),
    )?);
    let claimed = session.claim().await?.ok_or(KitError::NotDue)?;
    let job = Job { claimed, kind_name: setup.kind_name.clone(), max_repeats: policy.max_repeats };
    let transport = Some(Arc::new(Outside::new(situation.answers.clone())) as _);
    Ok((job, session, Surroundings { transport, ..Surroundings::default() }))
}
