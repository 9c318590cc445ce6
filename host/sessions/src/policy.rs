//! What the config says about each kind of client, as far as the state machine needs to know.

use std::collections::BTreeMap;

/// How one kind's sessions are leased, delayed and repeated. All times are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindPolicy {
    /// How long a client may stay silent before its session may be taken from it. Promised by `New`: a session keeps the
    /// lease that it was opened with.
    pub lease_ms: u64,
    /// From the end of a lease, or a `Store` without a timeout, to the repeat.
    pub delay_ms: u64,
    /// The most that chance adds to a due time: it spreads the wave of repeats that follows an outage.
    pub jitter_ms: u64,
    /// How long to wait after a repeat that finished nothing.
    pub backoff: Backoff,
    /// After this many repeats that finished nothing, the session is parked. At least 1.
    pub max_repeats: u32,
    /// Most runs of this kind at once. These workers are the kind's own, so no kind can hold up another.
    pub max_running: u32,
    /// Whether due sessions may be claimed now: the kind is not paused and a plugin is in service.
    pub claimable: bool,
}

impl Default for KindPolicy {
    /// The values that `docs/mpy6a.toml` documents as defaults; not claimable.
    fn default() -> Self {
        Self {
            lease_ms: 30_000,
            delay_ms: 5_000,
            jitter_ms: 1_000,
            backoff: Backoff::default(),
            max_repeats: 20,
            max_running: 8,
            claimable: false,
        }
    }
}

/// Exponential backoff: `min(initial * factor^(repeats - 1), max)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first repeat.
    pub initial_ms: u64,
    /// What each further repeat multiplies the wait by, in hundredths: 200 doubles it. Integer, so that every machine
    /// computes the same due time.
    pub factor_hundredths: u32,
    /// The longest wait.
    pub max_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial_ms: 1_000, factor_hundredths: 200, max_ms: 300_000 }
    }
}

impl Backoff {
    /// How long to wait after the given number of repeats (at least 1), in milliseconds.
    #[must_use]
    pub fn wait_ms(&self, repeats: u32) -> u64 {
        let mut wait = self.initial_ms.min(self.max_ms);
        // Ends early: a factor above 1 reaches the maximum within some 4,500 steps (1.01^4500 > 2^64), any other stays put.
        for _ in 1..repeats {
            let exact = u128::from(wait) * u128::from(self.factor_hundredths) / 100;
            let next = u64::try_from(exact).unwrap_or(u64::MAX).min(self.max_ms);
            if next == wait {
                break;
            }
            wait = next;
        }
        wait
    }
}

/// Every kind that the config names, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(pub BTreeMap<u32, KindPolicy>);

impl Kinds {
    /// The policy of a kind, where the config names it.
    #[must_use]
    pub fn get(&self, kind: u32) -> Option<&KindPolicy> {
        self.0.get(&kind)
    }

    /// The longest lease of all of them, in milliseconds; 0 where there is none.
    #[must_use]
    pub fn longest_lease_ms(&self) -> u64 {
        self.0.values().map(|policy| policy.lease_ms).max().unwrap_or(0)
    }

    /// The policy for a session that exists already: its kind may have left the config since. Such a session stays
    /// workable by its client under the default policy, and is not claimed until its kind is back.
    #[must_use]
    pub fn get_or_orphan(&self, kind: u32) -> KindPolicy {
        self.get(kind).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_by_its_factor_up_to_its_maximum() {
        let backoff = Backoff { initial_ms: 1_000, factor_hundredths: 200, max_ms: 7_000 };
        assert_eq!([1, 2, 3, 4, 5, u32::MAX].map(|n| backoff.wait_ms(n)), [1_000, 2_000, 4_000, 7_000, 7_000, 7_000]);
    }

    #[test]
    fn backoff_neither_overflows_nor_shrinks_below_zero() {
        let steep = Backoff { initial_ms: u64::MAX / 2, factor_hundredths: u32::MAX, max_ms: u64::MAX };
        assert!(steep.wait_ms(3) >= steep.initial_ms);
        let flat = Backoff { initial_ms: 500, factor_hundredths: 100, max_ms: 10_000 };
        assert_eq!(flat.wait_ms(1_000_000), 500);
        let over = Backoff { initial_ms: 500, factor_hundredths: 200, max_ms: 100 };
        assert_eq!(over.wait_ms(1), 100);
    }
}
