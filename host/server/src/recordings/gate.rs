//! How many recordings are kept of many runs: a few at once, then so many a second.
//!
//! A kind that repeats ten thousand sessions a second keeps one success a second, and ten failures: what is over costs a look at
//! this gate. A kind that repeats a few sessions an hour keeps every one.

use std::time::{Duration, Instant};

/// After the first ones, a success is kept this often.
const SUCCESS_EVERY: Duration = Duration::from_secs(1);

/// After the first ones, a failure is kept this often.
const FAILURE_EVERY: Duration = Duration::from_millis(100);

/// The gate of one kind.
#[derive(Debug, Default)]
pub struct Gate {
    success: Line,
    failure: Line,
}

impl Gate {
    /// Whether a run that ended now is kept. `at_once`: how many may be, one right behind the other.
    pub fn passes(&mut self, is_success: bool, at_once: u32, now: Instant) -> bool {
        match is_success {
            true => self.success.passes(SUCCESS_EVERY, at_once, now),
            false => self.failure.passes(FAILURE_EVERY, at_once, now),
        }
    }
}

/// One sort of ends.
#[derive(Debug, Default)]
struct Line {
    /// When those that passed so far would all have passed, one at a time.
    busy_until: Option<Instant>,
}

impl Line {
    fn passes(&mut self, every: Duration, at_once: u32, now: Instant) -> bool {
        let busy_until = self.busy_until.map_or(now, |until| until.max(now));
        if busy_until + every > now + every * at_once.max(1) {
            return false;
        }
        self.busy_until = Some(busy_until + every);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_pass_at_once_and_then_one_a_second() {
        let (mut gate, began) = (Gate::default(), Instant::now());
        let at = |ms| began + Duration::from_millis(ms);
        let passed = (0..100).filter(|_| gate.passes(true, 3, at(0))).count();
        assert_eq!(passed, 3);
        assert!(!gate.passes(true, 3, at(999)));
        assert!(gate.passes(true, 3, at(1_000)) && !gate.passes(true, 3, at(1_001)));
        assert!(gate.passes(false, 3, at(1_001)), "failures have a line of their own");
        let in_a_second = (0..10_000).filter(|n| gate.passes(false, 1, at(2_000 + n / 10))).count();
        assert_eq!(in_a_second, 10);
        assert_eq!((0..5).filter(|_| gate.passes(true, 3, at(3_600_000))).count(), 3, "it does not save up");
    }
}
