//! The time, for people: how long ago, how long still. What is durable gets its time from the writer.

use mpy6a_sessions::clock::{Clock as _, SystemClock};

/// Now, Unix milliseconds.
#[must_use]
pub fn now_ms() -> u64 {
    SystemClock::default().wall_us() / 1_000
}
