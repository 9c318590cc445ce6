//! Counts whoever is turned away, and logs them at a bounded rate: a flood of wrong tokens must fill no disk.
//!
//! A log line has name, address and path, never the token.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use mpy6a_plugins::shown;
use tracing::warn;

use super::refusal::Denied;
use crate::log_rate::LogRate;

/// All reasons, in the order of their counters.
const REASONS: [Denied; 6] =
    [Denied::Missing, Denied::Wrong, Denied::Expired, Denied::NotAllowed, Denied::Kind, Denied::Foreign];

/// Those who were turned away since the host was started.
#[derive(Debug, Default)]
pub struct Denials {
    counts: [AtomicU64; REASONS.len()],
    lines: LogRate,
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
        let Some(dropped) = self.lines.take(Instant::now()) else { return };
        // Whatever a stranger sends is made fit for one line.
        let path = shown::line(path, shown::NAME_BYTES_MAX);
        warn!(why = why.name(), who, path, unlogged_before = dropped, "turned away");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_under_its_reason() {
        let denials = Denials::default();
        (0..50).for_each(|_| denials.note(Denied::Wrong, "somebody", "/x"));
        assert_eq!(denials.counts().find(|(why, _)| *why == "wrong"), Some(("wrong", 50)));
    }
}
