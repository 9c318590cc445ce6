//! What to do after a failed try: a decision over values; time and chance come in as arguments.
//!
//! Two instants matter besides the deadline. *Counted from*: the lease is counted from before the first try that may
//! have been applied, since a later answer may only repeat what the host did then. *Try ends*: a try that is not
//! answered is given up long before the deadline, so that a lost answer does not cost the whole of it.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Failed, Why,
    verdict::{Refusal, Verdict},
};
use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX, LAST_TRY};

/// The tries of one call so far.
#[derive(Debug)]
pub(crate) struct Tries {
    deadline: Instant,
    try_timeout: Duration,
    /// Whether to give up as soon as there is no connection.
    fail_fast: bool,
    count: u32,
    backoff: Backoff,
    /// When the first try that may have been applied was sent.
    maybe_applied_since: Option<Instant>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try again, not before this instant.
    Again(Instant),
    /// The host's last word.
    Refused(Refusal),
    /// Out of time: none of the tries was applied, and the host had no room for the last one.
    Overloaded,
    /// Out of time, or there is no connection and the caller does not want to wait for one.
    Unavailable,
    /// No connection can ever be made.
    Unreachable,
}

impl Tries {
    /// Tries that end at the deadline. For an operation that an earlier call left without an outcome, `resumed` is
    /// since when the host may have it.
    pub fn new(deadline: Instant, try_timeout: Duration, resumed: Option<Instant>) -> Self {
        let backoff = Backoff::default();
        Self { deadline, try_timeout, fail_fast: false, count: 0, backoff, maybe_applied_since: resumed }
    }

    /// The host may have it since then: an earlier call left it without an outcome.
    pub fn resume(&mut self, since: Option<Instant>) {
        self.maybe_applied_since = since;
    }

    /// Give up as soon as there is no connection, if so.
    pub fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.fail_fast = fail_fast;
        self
    }

    /// Begin a try now. Returns when to stop waiting for its answer.
    pub fn begin(&mut self, now: Instant) -> Instant {
        self.count += 1;
        self.deadline.min(later(now, self.try_timeout))
    }

    /// When there are no more tries.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How many tries were begun.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// From when an answer to the try sent then lets the lease be counted.
    pub fn counted_from(&self, sent: Instant) -> Instant {
        self.maybe_applied_since.unwrap_or(sent)
    }

    /// A try failed. `chance` is uniform over all values and makes the jitter.
    pub fn failed(&mut self, verdict: Verdict, sent: Instant, now: Instant, chance: u32) -> Next {
        let (overloaded, after) = match verdict {
            Verdict::Refused(refusal) => return Next::Refused(refusal),
            Verdict::NotApplied { overloaded, after } => (overloaded, after),
            Verdict::Unreachable { lasting: true } => return Next::Unreachable,
            Verdict::Unreachable { lasting: false } if self.fail_fast => return Next::Unavailable,
            Verdict::Unreachable { lasting: false } => (false, None),
            Verdict::Unknown => {
                self.maybe_applied(sent);
                (false, None)
            }
        };
        let at = self.next(now, after, chance);
        if at < self.deadline {
            Next::Again(at)
        } else if overloaded && self.maybe_applied_since.is_none() {
            Next::Overloaded
        } else {
            Next::Unavailable
        }
    }

    /// When to try again. A pause that would outlast the deadline is cut short for a last try, but not below what the host asked for.
    fn next(&mut self, now: Instant, after: Option<Duration>, chance: u32) -> Instant {
        let at = now + self.backoff.pause(after, chance);
        let last = self.deadline.checked_sub(LAST_TRY).unwrap_or(now);
        let may_be_cut = at >= self.deadline && now < last && later(now, after.unwrap_or_default()) <= last;
        if may_be_cut { last } else { at }
    }

    /// What was sent then may have been applied, whatever is said of it later.
    pub fn maybe_applied(&mut self, sent: Instant) {
        self.maybe_applied_since.get_or_insert(sent);
    }

    /// The account of tries that came to nothing.
    pub fn give_up(&self, why: Why) -> Failed {
        let earlier = self.maybe_applied_since.is_some();
        let maybe_applied = match &why {
            Why::Refused(refusal) => refusal.maybe_applied(earlier),
            _ => earlier,
        };
        Failed { why, tries: self.count, maybe_applied }
    }
}

/// That long after; for a time beyond what the clock can say, in thirty years.
pub(crate) fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 86_400))
}

/// Pauses that double from [`BACKOFF_FIRST`] to [`BACKOFF_MAX`], each shortened by chance to between half and all of
/// it.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: BACKOFF_FIRST }
    }
}

impl Backoff {
    /// The next pause. Where the host asked for one, never shorter than that, and up to half as long again, so that the
    /// clients it sent away do not come back all at once.
    pub fn pause(&mut self, asked: Option<Duration>, chance: u32) -> Duration {
        let share = f64::from(chance) / f64::from(u32::MAX);
        let own = self.next.mul_f64(0.5 + share / 2.0);
        self.next = (self.next * 2).min(BACKOFF_MAX);
        // A host's wish may be as long as it likes: a day is beyond every deadline.
        let asked = asked.map(|asked| asked.min(Duration::from_secs(86_400)).mul_f64(1.0 + share / 2.0));
        asked.map_or(own, |asked| asked.max(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Proves;

    const TRY: Duration = Duration::from_secs(3);
    const OVERLOADED: Verdict = Verdict::NotApplied { overloaded: true, after: Some(Duration::from_millis(100)) };
    const NOT_SENT: Verdict = Verdict::Unreachable { lasting: false };

    fn refusal(proves: Proves) -> Refusal {
        Refusal { reason: "ANY".into(), message: String::new(), limit: None, proves, by_host: true }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn tries(now: Instant) -> Tries {
        Tries::new(now + seconds(10), TRY, None)
    }

    #[test]
    fn a_try_ends_before_the_deadline_and_never_after_it() {
        let now = Instant::now();
        assert_eq!(tries(now).begin(now), now + TRY);
        assert_eq!(tries(now).begin(now + seconds(9)), now + seconds(10));
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_are_spread_by_chance() {
        for (chance, part) in [(0, 0.5), (u32::MAX, 1.0)] {
            let mut backoff = Backoff::default();
            let pauses: Vec<_> = (0..8).map(|_| backoff.pause(None, chance)).collect();
            assert_eq!(pauses[0], BACKOFF_FIRST.mul_f64(part));
            assert_eq!(pauses[1], pauses[0] * 2);
            assert_eq!(pauses[7], BACKOFF_MAX.mul_f64(part));
        }
    }

    #[test]
    fn the_pause_that_the_host_asks_for_is_kept() {
        let asked = Duration::from_millis(700);
        assert_eq!(Backoff::default().pause(Some(asked), 0), asked);
        assert_eq!(Backoff::default().pause(Some(asked), u32::MAX), asked.mul_f64(1.5));
        assert!(Backoff::default().pause(Some(Duration::MAX), u32::MAX) > seconds(86_400));
    }

    #[test]
    fn a_refusal_ends_the_tries_at_once() {
        let now = Instant::now();
        let refusal = refusal(Proves::Operation);
        let next = tries(now).failed(Verdict::Refused(refusal.clone()), now, now, 0);
        assert_eq!(next, Next::Refused(refusal));
    }

    #[test]
    fn there_is_no_pause_past_the_deadline() {
        let now = Instant::now();
        let late = now + seconds(10);
        assert_eq!(tries(now).failed(NOT_SENT, now, late, 0), Next::Unavailable);
        assert_eq!(tries(now).failed(Verdict::Unknown, now, late, 0), Next::Unavailable);
        assert_eq!(tries(now).failed(OVERLOADED, now, late, 0), Next::Overloaded);
    }

    #[test]
    fn a_pause_past_the_deadline_is_cut_short_for_a_last_try() {
        let now = Instant::now();
        let (end, last) = (now + seconds(10), now + seconds(10) - LAST_TRY);
        let mut tries = tries(now);
        for _ in 0..10 {
            tries.failed(NOT_SENT, now, now, u32::MAX);
        }
        let shortly_before = last - Duration::from_millis(100);
        assert_eq!(tries.failed(NOT_SENT, now, shortly_before, u32::MAX), Next::Again(last));
        assert_eq!(tries.failed(Verdict::Unknown, now, shortly_before, u32::MAX), Next::Again(last));
        assert_eq!(tries.failed(NOT_SENT, now, last, u32::MAX), Next::Unavailable);
        assert_eq!(tries.failed(NOT_SENT, now, end, u32::MAX), Next::Unavailable);
        let asked = Verdict::NotApplied { overloaded: true, after: Some(seconds(1)) };
        assert_eq!(tries.failed(asked, now, shortly_before, 0), Next::Unavailable, "the host's wish is kept");
    }

    #[test]
    fn an_overload_after_a_lost_answer_does_not_say_that_nothing_was_applied() {
        let now = Instant::now();
        let mut tries = tries(now);
        assert!(matches!(tries.failed(Verdict::Unknown, now, now, 0), Next::Again(_)));
        assert_eq!(tries.failed(OVERLOADED, now, now + seconds(10), 0), Next::Unavailable);
        assert!(tries.give_up(Why::Overloaded).maybe_applied);
    }

    #[test]
    fn the_lease_is_counted_from_the_first_try_that_may_have_been_applied() {
        let now = Instant::now();
        let sent = |n| now + seconds(n);
        let mut tries = tries(now);
        assert_eq!(tries.counted_from(sent(0)), sent(0));
        tries.failed(NOT_SENT, sent(0), sent(0), 0);
        assert_eq!(tries.counted_from(sent(1)), sent(1), "what was not sent does not count");
        tries.failed(Verdict::Unknown, sent(1), sent(4), 0);
        tries.failed(Verdict::Unknown, sent(4), sent(7), 0);
        assert_eq!(tries.counted_from(sent(7)), sent(1));

        let resumed = Tries::new(sent(20), TRY, Some(sent(2)));
        assert_eq!(resumed.counted_from(sent(11)), sent(2));
    }

    #[test]
    fn a_refusal_after_a_lost_answer_says_that_it_may_have_been_applied_unless_the_host_looked() {
        let now = Instant::now();
        for (proves, first, after_a_lost_answer) in
            [(Proves::Operation, false, false), (Proves::Try, false, true), (Proves::Nothing, true, true)]
        {
            let mut tries = tries(now);
            assert_eq!(tries.give_up(Why::Refused(refusal(proves))).maybe_applied, first, "{proves:?}");
            tries.failed(Verdict::Unknown, now, now, 0);
            let failed = tries.give_up(Why::Refused(refusal(proves)));
            assert_eq!(failed.maybe_applied, after_a_lost_answer, "{proves:?}");
        }
    }

    #[test]
    fn what_can_never_be_reached_and_what_must_not_be_waited_for_ends_at_once() {
        let now = Instant::now();
        assert_eq!(tries(now).failed(Verdict::Unreachable { lasting: true }, now, now, 0), Next::Unreachable);
        assert_eq!(tries(now).fail_fast(true).failed(NOT_SENT, now, now, 0), Next::Unavailable);
        assert!(matches!(tries(now).fail_fast(true).failed(Verdict::Unknown, now, now, 0), Next::Again(_)));
    }

    #[test]
    fn no_time_is_too_long() {
        let now = Instant::now();
        assert!(later(now, Duration::MAX) > later(now, seconds(86_400)));
        let mut tries = Tries::new(later(now, Duration::MAX), Duration::MAX, None);
        assert!(tries.begin(now) > now);
    }
}
