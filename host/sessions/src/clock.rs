//! Time and chance, as the writer is given them. Nothing else in this crate asks the machine for either.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::observer::{Nobody, Observer};

/// Reads the machine's clocks.
pub trait Clock: Send + Sync {
    /// Unix time in microseconds. May jump either way.
    fn wall_us(&self) -> u64;

    /// Time since some fixed moment. Never goes backwards. Leases run on it.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks.
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    // This is the place that the lint sends everybody else to.
    #[allow(clippy::disallowed_methods)]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn wall_us(&self) -> u64 {
        // Before 1970 is no time to run a host at: it counts as 1970.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Where the writer gets time and chance from, and who watches it.
pub struct Environment {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Keys and jitter are drawn from it: it must be fit for secrets.
    pub chance: StdRng,
    /// Who watches the writer at work.
    pub observer: Arc<dyn Observer>,
}

impl Environment {
    /// The machine's clocks, and chance seeded by the operating system. Nobody watches.
    #[must_use]
    pub fn real() -> Self {
        let chance = StdRng::from_rng(&mut rand::rng());
        Self { clock: Arc::new(SystemClock::default()), chance, observer: Arc::new(Nobody) }
    }

    /// 64 random bits.
    pub(crate) fn draw(&mut self) -> u64 {
        self.chance.next_u64()
    }
}

/// Wall-clock time that never goes backwards, whatever the clock does.
///
/// While the clock is at or past the last reading, its word is taken, so a jump forward is followed at once. After a jump
/// back, time goes on at half its pace until the clock has caught up: it neither stands still, which would keep due
/// sessions waiting for as long as the jump was, nor runs ahead for ever.
#[derive(Debug, Default)]
pub struct SteadyTime {
    /// The clock's word when it was last taken, and the monotonic clock then.
    taken_us: u64,
    taken_at: Duration,
}

impl SteadyTime {
    /// Time that goes on from where another host's time was: a clock that was set back while no host was there makes nothing
    /// wait that was stored before.
    #[must_use]
    pub fn going_on(last_us: u64, monotonic: Duration) -> Self {
        Self { taken_us: last_us, taken_at: monotonic }
    }

    /// The time now, Unix microseconds, given both clocks' readings.
    pub fn now_us(&mut self, wall_us: u64, monotonic: Duration) -> u64 {
        // Always from the same moment on: halves of microseconds, dropped at every call, would let time stand still.
        let elapsed = monotonic.saturating_sub(self.taken_at);
        let slow_us = self.taken_us.saturating_add(u64::try_from(elapsed.as_micros() / 2).unwrap_or(u64::MAX));
        if wall_us < slow_us {
            return slow_us;
        }
        (self.taken_us, self.taken_at) = (wall_us, monotonic);
        wall_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    #[test]
    fn time_follows_the_clock_forward_and_never_goes_back() {
        let mut time = SteadyTime::default();
        let mut now = |wall_s: u64, monotonic_s| time.now_us(wall_s * S, Duration::from_secs(monotonic_s)) / S;
        assert_eq!(now(1000, 0), 1000);
        assert_eq!(now(1010, 10), 1010, "the clock's word is taken");
        assert_eq!(now(5000, 20), 5000, "a jump forward is followed");
        assert_eq!(now(1030, 30), 5005, "after a jump back time goes on at half its pace");
        assert_eq!(now(1040, 40), 5010);
        assert_eq!(now(6000, 50), 6000, "until the clock has caught up");
    }

    #[test]
    fn time_goes_on_however_often_it_is_asked_for() {
        let mut time = SteadyTime::default();
        time.now_us(10 * S, Duration::ZERO);
        let last = (1..=S).map(|us| time.now_us(0, Duration::from_micros(us))).last();
        assert_eq!(last, Some(10 * S + S / 2));
    }

    #[test]
    fn a_clock_set_back_is_caught_up_with_after_twice_the_jump() {
        let mut time = SteadyTime::default();
        time.now_us(10_000 * S, Duration::ZERO);
        let back_by = 100;
        let caught_up = (1..1000).find(|&s| {
            let wall = (10_000 - back_by + s) * S;
            time.now_us(wall, Duration::from_secs(s)) == wall
        });
        assert_eq!(caught_up, Some(2 * back_by));
    }
}
