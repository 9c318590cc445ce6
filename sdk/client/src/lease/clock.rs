//! A session's lease as its client sees it: a state machine over values, where time is an argument.
//!
//! ```text
//!            grant                          grant
//!            +---+                 +----------------------+
//!            |   v                 v                      |
//!   New ---> HELD ---------------> HELD until later    EXPIRED
//!             |                                           ^ |
//!             +------- nine tenths of it have passed -----+ |
//!             |                                             |
//!             +----------------> OVER <---------------------+
//!                the host's word, or finished by ourselves
//! ```
//!
//! * A *grant* is any successful operation or renewal. It is counted from before its request was sent, and the host
//!   counts from when it arrived, so the host's end is never earlier than ours.
//! * EXPIRED is a warning, not an end. An ended lease only makes the session eligible for its repeat handler; until a
//!   run claims it, the host takes the next operation as if nothing had been, and so do we. But since a claim may come
//!   at any moment, nothing must be done outside on the strength of an expired lease.
//! * OVER is final: no grant leads out of it. The first word stays.
//!
//! A tenth of each lease is kept back, so that whoever is told of the end has that long to stop.
//!
//! The clock is monotonic and may stand still while the machine sleeps. After that it is the host that refuses; outside
//! systems can tell by the fence.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    error::Error,
    index::Index,
    limits::{RENEW_AFTER_DIVISOR, RENEW_EARLY_DIVISOR, STOP_EARLY_DIVISOR},
};

/// The instant that milliseconds are counted from: when the client was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(pub Instant);

impl Epoch {
    /// Whole milliseconds up to then, rounded down: so a lease never begins later than it did.
    pub fn ms(self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.0).as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant that many milliseconds after.
    pub fn at(self, ms: u64) -> Instant {
        self.0 + Duration::from_millis(ms)
    }

    /// Now, in milliseconds.
    pub fn now_ms(self) -> u64 {
        self.ms(Instant::now())
    }
}

/// What a successful operation or renewal gives: a lease of so many milliseconds, counted from `began_ms`.
///
/// Fits into one word of 64 bits, the beginning in front: the larger of two words is the grant that began later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Since when, in milliseconds after the epoch; at most 40 bits, 34 years.
    pub began_ms: u64,
    /// How long, in milliseconds; at most 24 bits, 4.6 hours. A longer lease is renewed as if it had that length.
    pub length_ms: u64,
}

const LENGTH_BITS: u32 = 24;
const LENGTH_MAX_MS: u64 = (1 << LENGTH_BITS) - 1;
const BEGAN_MAX_MS: u64 = (1 << (64 - LENGTH_BITS)) - 1;

impl Grant {
    /// As one word.
    pub fn pack(self) -> u64 {
        (self.began_ms.min(BEGAN_MAX_MS) << LENGTH_BITS) | self.length_ms.min(LENGTH_MAX_MS)
    }

    /// From one word.
    pub fn unpack(word: u64) -> Self {
        Self { began_ms: word >> LENGTH_BITS, length_ms: word & LENGTH_MAX_MS }
    }

    /// When to stop relying on it, in milliseconds after the epoch.
    pub fn ends_ms(self) -> u64 {
        self.began_ms + (self.length_ms - self.length_ms / STOP_EARLY_DIVISOR)
    }

    /// When to renew it.
    pub fn renew_ms(self) -> u64 {
        self.began_ms + self.length_ms / RENEW_AFTER_DIVISOR
    }

    /// From when it may be renewed in the company of another.
    pub fn renew_early_ms(self) -> u64 {
        self.renew_ms() - self.length_ms / RENEW_EARLY_DIVISOR
    }
}

/// How a session ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Word {
    /// The host took it.
    Taken = 1,
    /// Deleted or stored.
    Finished = 2,
    /// The host does not know it, or knows it by another key.
    NotFound = 3,
}

impl Word {
    /// The host's reason, if it is a word of this kind.
    pub fn of_reason(reason: &str) -> Option<Self> {
        match reason {
            "LEASE_LOST" => Some(Self::Taken),
            "SESSION_FINISHED" => Some(Self::Finished),
            "SESSION_NOT_FOUND" | "KEY_WRONG" => Some(Self::NotFound),
            _ => None,
        }
    }

    /// From its number; none for another.
    pub fn from_u8(number: u8) -> Option<Self> {
        [Self::Taken, Self::Finished, Self::NotFound].into_iter().find(|word| *word as u8 == number)
    }

    /// What the caller is told. `maybe_applied`: of an operation that was tried.
    pub fn into_error(self, session: Index, maybe_applied: bool) -> Error {
        self.told(session, maybe_applied, false)
    }

    /// What the caller of an opening is told, of which an earlier try had opened the session.
    pub fn of_opened(self, session: Index) -> Error {
        self.told(session, true, true)
    }

    fn told(self, session: Index, maybe_applied: bool, opening: bool) -> Error {
        match self {
            Self::Taken => Error::LeaseLost { session, maybe_applied, opening },
            Self::Finished => Error::Finished { session, maybe_applied, opening },
            Self::NotFound => Error::NotFound { session, maybe_applied, opening },
        }
    }
}

/// Where a session's lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Ours, at least until then, in milliseconds after the epoch.
    Held {
        /// Until when.
        until_ms: u64,
    },
    /// Perhaps still ours: the next grant shows it.
    Expired,
    /// Not ours any more, for good.
    Over(Word),
}

/// Judge a lease by its latest grant and the host's word, if there is one.
pub(crate) fn state(latest: Grant, word: Option<Word>, now_ms: u64) -> State {
    match word {
        Some(word) => State::Over(word),
        None if now_ms < latest.ends_ms() => State::Held { until_ms: latest.ends_ms() },
        None => State::Expired,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRANT: Grant = Grant { began_ms: 1_000, length_ms: 9_000 };

    #[test]
    fn is_held_until_nine_tenths_have_passed() {
        assert_eq!(state(GRANT, None, 1_000), State::Held { until_ms: 9_100 });
        assert_eq!(state(GRANT, None, 9_099), State::Held { until_ms: 9_100 });
        assert_eq!(state(GRANT, None, 9_100), State::Expired);
    }

    #[test]
    fn a_grant_clears_an_expiry() {
        let renewed = Grant { began_ms: 20_000, ..GRANT };
        assert_eq!(state(GRANT, None, 20_050), State::Expired);
        assert_eq!(state(renewed, None, 20_050), State::Held { until_ms: 28_100 });
    }

    #[test]
    fn the_hosts_word_is_final_whatever_the_clock_says() {
        for now_ms in [0, 1_000, 50_000] {
            assert_eq!(state(GRANT, Some(Word::Taken), now_ms), State::Over(Word::Taken));
        }
    }

    #[test]
    fn is_renewed_after_a_third_or_a_quarter_in_company() {
        assert_eq!(GRANT.renew_ms(), 4_000);
        assert_eq!(GRANT.renew_early_ms(), 3_250);
    }

    #[test]
    fn words_are_found_again_by_their_number() {
        for word in [Word::Taken, Word::Finished, Word::NotFound] {
            assert_eq!(Word::from_u8(word as u8), Some(word));
        }
        assert_eq!(Word::from_u8(0), None);
    }

    proptest! {
        /// Of two grants, in whatever order they arrive, the one that began later counts: so an answer that was long
        /// under way takes nothing back, and a host that shortened its leases is believed.
        #[test]
        fn the_larger_word_began_later(
            a in 0..BEGAN_MAX_MS, b in 0..BEGAN_MAX_MS, x in 0..LENGTH_MAX_MS, y in 0..LENGTH_MAX_MS,
        ) {
            let (a, b) = (Grant { began_ms: a, length_ms: x }, Grant { began_ms: b, length_ms: y });
            prop_assert_eq!(Grant::unpack(a.pack()), a);
            prop_assert_eq!(Grant::unpack(a.pack().max(b.pack())).began_ms, a.began_ms.max(b.began_ms));
        }

        /// A lease too long for its bits is taken for a shorter one, never for a longer.
        #[test]
        fn packing_never_prolongs(began_ms in 0..BEGAN_MAX_MS, length_ms: u64) {
            let grant = Grant::unpack(Grant { began_ms, length_ms }.pack());
            prop_assert!(grant.length_ms <= length_ms && grant.began_ms == began_ms);
            prop_assert!(grant.renew_early_ms() <= grant.renew_ms() && grant.renew_ms() <= grant.ends_ms());
        }
    }
}
