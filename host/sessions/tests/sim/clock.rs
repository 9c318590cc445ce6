//! The clocks that the writer is given: they stand still until told, and the wall clock can be set to anything.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use mpy6a_sessions::clock::Clock;

/// Where every simulation begins: some day in 2027, Unix microseconds.
const START_US: u64 = 1_800_000_000_000_000;

/// Both clocks. They outlive hosts.
pub struct Clocks {
    wall_us: AtomicU64,
    monotonic_us: AtomicU64,
    /// What the writer's monotonic clock gains on the true one, in percent: for a sabotage.
    pub fast_percent: AtomicU64,
    /// How far the wall clock that the writer sees lags behind the true one: for a sabotage.
    pub behind_us: AtomicU64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            wall_us: AtomicU64::new(START_US),
            monotonic_us: AtomicU64::new(0),
            fast_percent: AtomicU64::new(0),
            behind_us: AtomicU64::new(0),
        }
    }
}

impl Clocks {
    /// The true wall clock, Unix microseconds.
    pub fn true_wall_us(&self) -> u64 {
        self.wall_us.load(SeqCst)
    }

    /// The true monotonic clock.
    pub fn true_monotonic(&self) -> Duration {
        Duration::from_micros(self.monotonic_us.load(SeqCst))
    }

    /// Time passes.
    pub fn pass(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap();
        self.monotonic_us.fetch_add(us, SeqCst);
        self.wall_us.fetch_add(us, SeqCst);
    }

    /// Somebody sets the wall clock.
    pub fn set_wall_us(&self, us: u64) {
        self.wall_us.store(us, SeqCst);
    }
}

impl Clock for Clocks {
    fn wall_us(&self) -> u64 {
        self.true_wall_us() - self.behind_us.load(SeqCst)
    }

    fn monotonic(&self) -> Duration {
        let us = self.monotonic_us.load(SeqCst);
        Duration::from_micros(us + us / 100 * self.fast_percent.load(SeqCst))
    }
}

/// The design's time for due times, section 3, promise 7: it never goes back; it follows a jump forward; after a jump back it
/// goes on at half its pace.
///
/// Kept as the exact doubles of microseconds, for nothing may be lost however often it is asked for.
#[derive(Default)]
pub struct SteadyTime {
    twice_us: u128,
    last_monotonic: Duration,
}

impl SteadyTime {
    /// From where another host's time was.
    pub fn going_on(last_ms: u64, monotonic: Duration) -> Self {
        Self { twice_us: 2000 * u128::from(last_ms), last_monotonic: monotonic }
    }

    pub fn now_us(&mut self, wall_us: u64, monotonic: Duration) -> u64 {
        let elapsed_us = (monotonic - self.last_monotonic).as_micros();
        self.twice_us = (self.twice_us + elapsed_us).max(2 * u128::from(wall_us));
        self.last_monotonic = monotonic;
        u64::try_from(self.twice_us / 2).unwrap()
    }
}
