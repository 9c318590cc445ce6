//! Time that stands still while a handler computes and jumps while it waits, or while the host is down.
//!
//! It follows tokio's clock, which an offline run pauses: whoever sleeps for an hour wakes at once, an hour later. So a run's
//! time depends on what it waits for and on nothing else, and a scenario that spans days takes milliseconds.

use std::time::Duration;

use mpy6a_plugins::surroundings::Clock;
use tokio::time::Instant;

/// A clock that starts at a set time.
pub struct VirtualClock {
    start: Duration,
    since: Instant,
}

impl VirtualClock {
    /// Starts now, on a runtime whose time is paused, at so many milliseconds since the Unix epoch.
    #[must_use]
    pub fn starting_at(unix_ms: u64) -> Self {
        Self { start: Duration::from_millis(unix_ms), since: Instant::now() }
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX)
    }

    /// Let it become this late, in Unix milliseconds; at once if it is.
    pub async fn wait_until(&self, unix_ms: u64) {
        tokio::time::sleep(Duration::from_millis(unix_ms.saturating_sub(self.now_ms()))).await;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.start + self.since.elapsed()
    }
}
