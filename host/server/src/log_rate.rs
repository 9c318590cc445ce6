//! A bound on the rate of log lines about what strangers do: a flood must fill no disk.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::limits::{DENIAL_LINES_MAX, DENIAL_WINDOW};

/// How many lines may still be logged.
#[derive(Debug, Default)]
pub struct LogRate(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    since: Option<Instant>,
    logged: u32,
    dropped: u64,
}

impl LogRate {
    /// Whether one more line may be logged now; then how many were not, before it.
    pub fn take(&self, now: Instant) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(now)
    }
}

impl Lines {
    fn take(&mut self, now: Instant) -> Option<u64> {
        let is_over = self.since.is_none_or(|since| now.duration_since(since) >= DENIAL_WINDOW);
        if is_over {
            (self.since, self.logged) = (Some(now), 0);
        }
        if self.logged >= DENIAL_LINES_MAX {
            self.dropped += 1;
            return None;
        }
        self.logged += 1;
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_logged_in_part_and_the_rest_is_told_of() {
        let rate = LogRate::default();
        let start = Instant::now();
        let logged = (0..1_000).filter(|_| rate.take(start).is_some()).count();
        assert_eq!(logged, DENIAL_LINES_MAX as usize);
        let later = start + DENIAL_WINDOW;
        assert_eq!(rate.take(later), Some(1_000 - u64::from(DENIAL_LINES_MAX)));
        assert_eq!(rate.take(later), Some(0));
    }
}
