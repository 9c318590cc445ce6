//! Which calls go wrong, and how.
//!
//! A share of the calls is picked, one after another, from a generator that starts at a given seed: the same seed
//! gives the same sequence of decisions. (Which *call* gets the next decision depends on the order in which calls
//! arrive.) Every way a real service goes wrong is one of three for its caller:
//!
//! * **fail**: an error at once, and nothing was done;
//! * **hang**: no answer for long, and the work was not done, or was done at once, or *is done at the end*, when the
//!   caller has long given up. The last is the worst: see [`super::fences`];
//! * **lose**: the work was done, and the connection breaks before the answer.

mod switch;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::switch::Faults;

/// The longest hang that can be asked for, in milliseconds: a hung call holds memory for as long.
pub const HANG_MS_MAX: u64 = 60_000;

/// The kinds of faults that a setting may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Answer 503 before anything is done.
    Fail,
    /// Do not answer for `hang_ms`.
    Hang,
    /// Do the work, then close the connection without an answer.
    Lose,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Hang => "hang",
            Self::Lose => "lose",
        })
    }
}

/// What is done to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answer 503 before anything is done.
    Fail,
    /// Do not answer for so many milliseconds.
    Hang(Work, u64),
    /// Do the work, then close the connection without an answer.
    Lose,
}

/// When a hanging call does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Not at all.
    Never,
    /// At once; only the answer waits.
    First,
    /// At the end, when the caller has given up.
    Last,
}

/// How many calls go wrong, and in which ways. `PUT /faults` sets it; what is left out gets its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setting {
    /// The share of calls that go wrong, from 0 to 1.
    pub share: f64,
    /// In which ways, each as often as the others.
    pub kinds: Vec<Kind>,
    /// How long a hanging call hangs, in milliseconds.
    pub hang_ms: u64,
    /// Where the sequence of decisions begins.
    pub seed: u64,
    /// Whether listings and searches go wrong too. Off by default: they are how one looks at the result.
    pub lists: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { share: 0.0, kinds: vec![Kind::Fail, Kind::Hang, Kind::Lose], hang_ms: 1_500, seed: 1, lists: false }
    }
}

impl Setting {
    /// Why this cannot be carried out, if it cannot.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(format!("share is {}: give a number from 0 to 1, 0.2 for every fifth call", self.share));
        }
        if self.share > 0.0 && self.kinds.is_empty() {
            return Err("kinds is empty: name at least one of fail, hang, lose, or set share to 0".into());
        }
        if self.hang_ms > HANG_MS_MAX {
            return Err(format!("hang_ms is {}: at most {HANG_MS_MAX} are allowed", self.hang_ms));
        }
        Ok(())
    }
}

/// What became of the calls so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls that the setting applied to.
    pub calls: u64,
    /// Answered 503 with nothing done.
    pub failed: u64,
    /// Left without an answer for `hang_ms`.
    pub hung: u64,
    /// Done, and the connection closed without an answer.
    pub lost: u64,
    /// Refused because the session had changed hands: late calls of operators that had lost it.
    pub fenced: u64,
}

/// What `GET /faults` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The setting in force.
    pub setting: Setting,
    /// Since the program started, across all settings.
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bad_settings_are_refused() {
        for bad in [
            Setting { share: 1.1, ..Setting::default() },
            Setting { share: -0.1, ..Setting::default() },
            Setting { share: f64::NAN, ..Setting::default() },
            Setting { share: 0.1, kinds: vec![], ..Setting::default() },
            Setting { hang_ms: HANG_MS_MAX + 1, ..Setting::default() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        let off: Setting = serde_json::from_str("{}").unwrap();
        assert_eq!((off.share, off.check()), (0.0, Ok(())));
    }
}
