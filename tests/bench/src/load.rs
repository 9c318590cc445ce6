//! The load: so many workers, each beginning again as soon as it is done, for a slice of time.
//!
//! Everything that is compared is driven by [`drive`], so the bench's own cost is the same for all.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::Outcome;

/// The payload of each record, in bytes: an intent of ordinary size.
pub const RECORD_BYTES: usize = 200;

/// How many operations a workflow has: New with a record, Append of another, Delete.
pub const STEPS: usize = 3;

/// One of those in flight.
pub trait Worker: Send + 'static {
    /// One workflow. Calls [`Laps::lap`] after each of its operations.
    fn turn(&mut self, laps: &mut Laps) -> impl Future<Output = Outcome<()>> + Send;
}

/// The stopwatch of one worker.
pub struct Laps {
    turn_began: Instant,
    last: Instant,
    steps: [Histogram<u64>; STEPS],
    turns: Histogram<u64>,
}

impl Laps {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { turn_began: now, last: now, steps: std::array::from_fn(|_| histogram()), turns: histogram() }
    }

    /// The operation `step` of this turn was answered now.
    pub fn lap(&mut self, step: usize) {
        let now = Instant::now();
        self.record_step(step, now - self.last);
        self.last = now;
    }

    /// For those who keep the time themselves.
    pub fn record_step(&mut self, step: usize, time: Duration) {
        self.steps[step].saturating_record(micros(time));
    }

    /// Likewise: a whole workflow took this long.
    pub fn record_turn(&mut self, time: Duration) {
        self.turns.saturating_record(micros(time));
    }

    fn begin_turn(&mut self) {
        self.turn_began = Instant::now();
        self.last = self.turn_began;
    }

    fn end_turn(&mut self) {
        self.record_turn(self.last - self.turn_began);
    }

    fn add(&mut self, other: &Self) -> Outcome<()> {
        for (mine, theirs) in self.steps.iter_mut().zip(&other.steps) {
            mine.add(theirs)?;
        }
        Ok(self.turns.add(&other.turns)?)
    }
}

/// What one slice came to.
pub struct Measured {
    /// Whole workflows a second.
    pub turns_per_s: f64,
    /// Operations a second: three a workflow, for those that are told operation by operation.
    pub ops_per_s: f64,
    /// Times of operations, by step, in microseconds.
    pub steps: [Histogram<u64>; STEPS],
    /// Times of whole workflows, in microseconds.
    pub turns: Histogram<u64>,
}

impl Measured {
    /// What was recorded in this time.
    pub fn from_laps(laps: Laps, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        let ops: u64 = laps.steps.iter().map(Histogram::len).sum();
        Self {
            turns_per_s: laps.turns.len() as f64 / seconds,
            ops_per_s: ops as f64 / seconds,
            steps: laps.steps,
            turns: laps.turns,
        }
    }

    /// A quantile over all operations, in milliseconds.
    pub fn op_ms(&self, quantile: f64) -> f64 {
        let mut all = histogram();
        for step in &self.steps {
            // Equal bounds: adding cannot fail.
            let _ = all.add(step);
        }
        ms(&all, quantile)
    }
}

/// Longest time that is told apart, in microseconds: an hour.
const TIME_US_MAX: u64 = 3_600_000_000;

/// Times from a microsecond to an hour, to three digits.
pub fn histogram() -> Histogram<u64> {
    // These bounds are always accepted; the alternative would be to carry an error through every measurement.
    #[allow(clippy::expect_used)]
    Histogram::new_with_bounds(1, TIME_US_MAX, 3).expect("the bounds are in order and the digits few")
}

/// A quantile in milliseconds.
pub fn ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// Whole microseconds, saturating.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Drive these workers for a slice, after a warm-up of a quarter of it, so that connections and caches are as in a running
/// system. The workers come back, for the next slice.
pub async fn drive<W: Worker>(workers: Vec<W>, slice: Duration) -> Outcome<(Vec<W>, Measured)> {
    let (workers, _) = phase(workers, slice / 4).await?;
    phase(workers, slice).await
}

/// The same without a warm-up.
pub async fn phase<W: Worker>(workers: Vec<W>, slice: Duration) -> Outcome<(Vec<W>, Measured)> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(until(worker, start + slice));
    }
    let (mut workers, mut all) = (Vec::new(), Laps::new());
    while let Some(ended) = tasks.join_next().await {
        let (worker, laps) = ended??;
        all.add(&laps)?;
        workers.push(worker);
    }
    Ok((workers, Measured::from_laps(all, start.elapsed())))
}

async fn until<W: Worker>(mut worker: W, deadline: Instant) -> Outcome<(W, Laps)> {
    let mut laps = Laps::new();
    while Instant::now() < deadline {
        laps.begin_turn();
        worker.turn(&mut laps).await?;
        laps.end_turn();
    }
    Ok((worker, laps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_kept_as_they_are() {
        let mut times = histogram();
        times.saturating_record(micros(Duration::from_secs(2)));
        assert!((ms(&times, 0.5) - 2000.0).abs() < 2.0, "{}", ms(&times, 0.5));
        times.saturating_record(u64::MAX);
        assert!(ms(&times, 1.0) > 3_599_000.0);
    }
}
