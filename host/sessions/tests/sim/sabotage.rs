//! Promises broken on purpose, from outside: each must be found, or the simulation is blind there.
//!
//! `sabotage.sh` beside this file breaks the rules and the writer themselves, in a copy of the crate.

use std::{fmt, str::FromStr};

/// One way to break a promise of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// None.
    None,
    /// 1: `sync` answers Ok and does nothing, so answers leave before anything is durable.
    LyingSync,
    /// 1: one commit in sixteen is answered and never made.
    SkipCommit,
    /// 2: every operation is let in as if it had shown the right key.
    AnyKey,
    /// 3: a session that somebody held is forgotten at a restart.
    ForgetHeld,
    /// 3: rows of the schedule are not found.
    LoseDue,
    /// 4: a retry is applied as if it were a new operation.
    RetryTwice,
    /// 5: half of what belongs together is committed.
    HalfCommit,
    /// 5: what a run did is kept although it trapped.
    KeepTrapped,
    /// 6: a failed commit is passed over, and service goes on.
    GoOn,
    /// 7: the writer believes a wall clock that is set back behind its back.
    ClockBack,
    /// 7: leases run on a clock that is fast.
    FastLease,
    /// Order: the last due session is claimed first.
    DueOrder,
}

impl Sabotage {
    pub const ALL: [Self; 12] = [
        Self::LyingSync,
        Self::SkipCommit,
        Self::AnyKey,
        Self::ForgetHeld,
        Self::LoseDue,
        Self::RetryTwice,
        Self::HalfCommit,
        Self::KeepTrapped,
        Self::GoOn,
        Self::ClockBack,
        Self::FastLease,
        Self::DueOrder,
    ];

    /// The promise of the design that it breaks, in a few words.
    pub fn promise(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LyingSync | Self::SkipCommit => "1, an acknowledged operation is durable",
            Self::AnyKey => "2, one operator at a time",
            Self::ForgetHeld | Self::LoseDue => "3, nothing is lost",
            Self::RetryTwice => "4, retries are safe",
            Self::HalfCommit | Self::KeepTrapped => "5, a run's operations: all or nothing",
            Self::GoOn => "6, an I/O error ends service",
            Self::ClockBack | Self::FastLease => "7, time",
            Self::DueOrder => "order of repeats",
        }
    }
}

impl fmt::Display for Sabotage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::LyingSync => "lying-sync",
            Self::SkipCommit => "skip-commit",
            Self::AnyKey => "any-key",
            Self::ForgetHeld => "forget-held",
            Self::LoseDue => "lose-due",
            Self::RetryTwice => "retry-twice",
            Self::HalfCommit => "half-commit",
            Self::KeepTrapped => "keep-trapped",
            Self::GoOn => "go-on",
            Self::ClockBack => "clock-back",
            Self::FastLease => "fast-lease",
            Self::DueOrder => "due-order",
        })
    }
}

impl FromStr for Sabotage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(|sabotage| sabotage.to_string()).join(", ");
        Self::ALL
            .into_iter()
            .find(|sabotage| sabotage.to_string() == text)
            .ok_or_else(|| format!("no sabotage is called `{text}`: take one of {}", names()))
    }
}
