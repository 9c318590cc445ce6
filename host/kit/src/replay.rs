//! A recorded run, run again: offline, out of what it got then, over no session of any host.
//!
//! The handler may be the one of then, or another to see what that one would have done. Nothing it does has an effect.

use std::{
    future::poll_fn,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use mpy6a_plugins::{
    Plugin, Recording, Replayer, Sandbox, SandboxConfig,
    recording::{Asked, Did, replay::Requested},
};
use mpy6a_sessions::{Outcome, Report};
use tempfile::NamedTempFile;

use crate::offline::KitError;

/// How much longer than its time a run may compute where a person waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A run that was run again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What it did.
    pub did: Did,
    /// What it asked of the world, in order.
    pub requests: Vec<Requested>,
}

/// What differs between then and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// How it ended.
    Outcome,
    /// What it did to its session.
    Operations,
    /// What it asked of the world.
    Requests,
    /// The tail of its log.
    Log,
    /// How much it computed. Only of the same plugin: another computes otherwise.
    Fuel,
    /// How much memory it took; likewise.
    Memory,
}

/// The fuel of a replay of the same plugin. A run that computed until its time ended is to end where it did then: virtual time
/// does not pass for it, so it gets the fuel that it had used.
#[must_use]
fn fuel_of(recording: &Recording) -> u64 {
    match recording.did.report.outcome {
        Outcome::TimedOut => recording.did.report.fuel.max(1),
        _ => recording.given.limits.fuel,
    }
}

/// A file for the plugin of then, gone when it is dropped.
///
/// # Errors
///
/// The system's, where there is no room for it.
pub fn aside() -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("mpy6a-replay-").suffix(".wasm").tempfile()
}

/// Load a plugin file to run this again: with the limits, targets and settings of then. Where there is a folder for compiled
/// plugins, one that was compiled before is taken from there.
///
/// # Errors
///
/// [`KitError`], with the remedy.
pub async fn open(recording: &Recording, file: PathBuf, cache_dir: Option<PathBuf>) -> Result<Arc<Plugin>, KitError> {
    let spec = recording.spec(file);
    let sandbox = Sandbox::new(SandboxConfig {
        runs_max: 1,
        memory_bytes_max: spec.limits.memory_bytes,
        cache_dir,
        limits: recording.given.host_limits,
    })?;
    let plugin = sandbox.load(&spec).await?;
    let fuel = fuel_of(recording);
    if plugin.digest() != recording.did.report.plugin_digest || fuel == spec.limits.fuel {
        return Ok(plugin);
    }
    Ok(plugin.with_fuel(fuel))
}

/// Run it again, on a runtime whose time is paused ([`runtime`](crate::offline::runtime)). Virtual time does not pass for who only
/// computes: that is ended after the plugin's time and this patience, in real time.
pub async fn replay(plugin: &Plugin, recording: &Recording, patience: Duration) -> Replayed {
    let replayer = Replayer::new(recording);
    let began = Instant::now();
    let run = plugin.run_in(replayer.surroundings(recording), recording.job(), replayer.clone() as _);
    let mut run = pin!(run);
    // A guest that computes gives way every few milliseconds: then it is seen whether that has been for too long.
    let end = poll_fn(|cx| match run.as_mut().poll(cx) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        Poll::Pending if began.elapsed() > plugin.spec().limits.time + patience => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    let end = end.await;
    let (mut ops, requests) = replayer.done();
    let report = match end {
        Some(end) => {
            ops.extend(end.ops);
            end.report
        }
        None => Report::bare(Outcome::TimedOut),
    };
    let report = as_then(report, recording);
    Replayed { did: Did { ops, report }, requests }
}

/// A run that had the fuel of one that ran out of time ran out of time.
fn as_then(report: Report, recording: &Recording) -> Report {
    let then = &recording.did.report;
    let same = then.plugin_digest == report.plugin_digest && then.fuel == report.fuel;
    match (&then.outcome, &report.outcome) {
        (Outcome::TimedOut, Outcome::OutOfFuel) if same => Report { outcome: Outcome::TimedOut, ..report },
        _ => report,
    }
}

impl Replayed {
    /// What differs from then, the most telling first.
    #[must_use]
    pub fn differences(&self, recording: &Recording) -> Vec<Difference> {
        let (then, now) = (&recording.did, &self.did);
        let asked_then: Vec<&Asked> = recording.got.exchanges.iter().map(|it| &it.request).collect();
        let asked_now: Vec<&Asked> = self.requests.iter().map(|it| &it.asked).collect();
        let is_same_plugin = then.report.plugin_digest == now.report.plugin_digest;
        let found = [
            (Difference::Outcome, then.report.outcome != now.report.outcome),
            (Difference::Operations, then.ops != now.ops),
            (Difference::Requests, asked_then != asked_now),
            (Difference::Log, then.report.log_tail != now.report.log_tail),
            (Difference::Fuel, is_same_plugin && then.report.fuel != now.report.fuel),
            (Difference::Memory, is_same_plugin && then.report.memory_peak_bytes != now.report.memory_peak_bytes),
        ];
        found.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }
}
