//! Counts whoever is turned away, and logs them at a bounded rate: a flood of wrong tokens must fill no disk.
//!
//! A log line has name, address and path, never the token.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use mpy6a_plugins::shown;
use tracing::warn;

use super::refusal::Denied;
use crate::limits::{DENIAL_LINES_MAX, DENIAL_WINDOW};

/// All reasons, in the order of their counters.
const REASONS: [Denied; 6] =
    [Denied::Missing, Denied::Wrong, Denied::Expired, Denied::NotAllowed, Denied::Kind, Denied::Foreign];

/// Those who were turned away since the host was started.
#[derive(Debug, Default)]
pub struct Denials {
    counts: [AtomicU64; REASONS.len()],
    lines: Mutex<Lines>,
}

/// How many lines may still be logged.
#[derive(Debug, Default)]
struct Lines {
    since: Option<Instant>,
    logged: u32,
    dropped: u64,
}

impl Denials {
    /// How often, by reason.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        REASONS.iter().zip(&self.counts).map(|(why, count)| (why.name(), count.load(Ordering::Relaxed)))
    }

    /// One more. `who`: name and address, as far as known; `path`: what was asked for.
    pub fn note(&self, why: Denied, who: &str, path: &str) {
        if let Some(place) = REASONS.iter().position(|reason| *reason == why) {
            self.counts[place].fetch_add(1, Ordering::Relaxed);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(dropped) = lines.take(Instant::now()) else { return };
        drop(lines);
        // Whatever a stranger sends is made fit for one line.
        let path = shown::line(path, shown::NAME_BYTES_MAX);
        warn!(why = why.name(), who, path, unlogged_before = dropped, "turned away");
    }
}

impl Lines {
    /// Whether one more line may be logged; then how many were not, before it.
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
    fn a_flood_is_counted_whole_and_logged_in_part() {
        let mut lines = Lines::default();
        let start = Instant::now();
        let logged = (0..1_000).filter(|_| lines.take(start).is_some()).count();
        assert_eq!(logged, DENIAL_LINES_MAX as usize);
        let later = start + DENIAL_WINDOW;
        assert_eq!(lines.take(later), Some(1_000 - u64::from(DENIAL_LINES_MAX)));
        assert_eq!(lines.take(later), Some(0));

        let denials = Denials::default();
        (0..50).for_each(|_| denials.note(Denied::Wrong, "somebody", "/x"));
        assert_eq!(denials.counts().find(|(why, _)| *why == "wrong"), Some(("wrong", 50)));
    }
}
