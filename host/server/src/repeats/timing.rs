//! How long the parts of a repeat took: lag (due to the start of the run), run, commit (end of the run to durable).
//!
//! The writer says how late it set out to claim the session, by its own time that never goes backwards, and when that
//! was by the monotonic clock. Everything after is measured by the monotonic clock alone, so a clock that is set
//! during a run bends no figure.

use std::{sync::Arc, time::Duration};

use mpy6a_sessions::clock::Clock;

/// Takes the times of one repeat.
pub struct Stopwatch {
    clock: Arc<dyn Clock>,
    lag: Duration,
    started: Duration,
    ended: Duration,
}

/// The times of one repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From due to the start of the run, microseconds.
    pub lag_us: u64,
    /// From the start of the run to its end, microseconds.
    pub run_us: u64,
    /// From the end of the run until its end was durable, microseconds.
    pub commit_us: u64,
    /// From due until its end was durable, microseconds.
    pub total_us: u64,
}

impl Stopwatch {
    /// The run starts now. `late` is how long after its due time the session was claimed, at `claimed_at` by this
    /// clock.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, late: Duration, claimed_at: Duration) -> Self {
        let started = clock.monotonic();
        let lag = late.saturating_add(started.saturating_sub(claimed_at));
        Self { clock, lag, started, ended: started }
    }

    /// The run ends now.
    pub fn run_ended(&mut self) {
        self.ended = self.clock.monotonic();
    }

    /// Its end is durable now.
    #[must_use]
    pub fn committed(&self) -> Times {
        let run = self.ended.saturating_sub(self.started);
        let commit = self.clock.monotonic().saturating_sub(self.ended);
        let total = self.lag.saturating_add(run).saturating_add(commit);
        let us = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Times { lag_us: us(self.lag), run_us: us(run), commit_us: us(commit), total_us: us(total) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A clock that is set by hand, in microseconds.
    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn wall_us(&self) -> u64 {
            0
        }

        fn monotonic(&self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn the_parts_of_a_repeat_add_up() {
        let hand = Arc::new(Hand::default());
        let at = |us| hand.0.store(us, Ordering::Relaxed);
        at(1_000);
        let mut watch = Stopwatch::start(hand.clone(), Duration::from_micros(700), Duration::from_micros(400));
        at(1_050);
        watch.run_ended();
        at(1_250);
        let expected = Times { lag_us: 700 + 600, run_us: 50, commit_us: 200, total_us: 1_550 };
        assert_eq!(watch.committed(), expected);
    }
}
