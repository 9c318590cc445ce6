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

use std::{fmt, sync::Mutex};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};

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

/// The switch: one for each service, shared by all its calls.
pub struct Faults(Mutex<State>);

struct State {
    setting: Setting,
    draws: StdRng,
    counts: Counts,
}

impl Faults {
    /// A switch with this setting, which must have passed [`Setting::check`].
    pub fn new(setting: Setting) -> Self {
        let draws = StdRng::seed_from_u64(setting.seed);
        Self(Mutex::new(State { setting, draws, counts: Counts::default() }))
    }

    /// Use this setting, which must have passed [`Setting::check`], from the next call on. The decisions begin anew
    /// at its seed; the counts go on.
    pub fn set(&self, setting: Setting) {
        let mut state = self.lock();
        state.draws = StdRng::seed_from_u64(setting.seed);
        state.setting = setting;
    }

    /// The setting in force and the counts.
    pub fn report(&self) -> Report {
        let state = self.lock();
        Report { setting: state.setting.clone(), counts: state.counts }
    }

    /// What to do to the next call, and count it. A listing is let through unless the setting names listings too.
    pub fn decide(&self, is_listing: bool) -> Option<Fault> {
        let mut state = self.lock();
        if is_listing && !state.setting.lists {
            return None;
        }
        let State { setting, draws, counts } = &mut *state;
        let fault = draw(setting, draws);
        counts.calls += 1;
        match fault {
            Some(Fault::Fail) => counts.failed += 1,
            Some(Fault::Hang(..)) => counts.hung += 1,
            Some(Fault::Lose) => counts.lost += 1,
            None => {}
        }
        fault
    }

    /// Count a call that was refused for its fence.
    pub fn count_fenced(&self) {
        self.lock().counts.fenced += 1;
    }

    /// No code panics while it holds this lock, and a half-made change is not possible: a poisoned lock is sound.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The next decision. Always three draws, so that changing the share or the kinds leaves the others' sequence alone.
fn draw(setting: &Setting, draws: &mut StdRng) -> Option<Fault> {
    let (chance, which, work) = (draws.random::<f64>(), draws.random::<f64>(), draws.random::<f64>());
    if chance >= setting.share {
        return None;
    }
    let work = *pick(&[Work::Never, Work::First, Work::Last], work)?;
    Some(match pick(&setting.kinds, which)? {
        Kind::Fail => Fault::Fail,
        Kind::Hang => Fault::Hang(work, setting.hang_ms),
        Kind::Lose => Fault::Lose,
    })
}

/// One of these, by a number from 0 up to but not including 1.
fn pick<T>(from: &[T], at: f64) -> Option<&T> {
    from.get((at * from.len() as f64) as usize)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn decisions(setting: &Setting, count: usize) -> Vec<Option<Fault>> {
        let faults = Faults::new(setting.clone());
        (0..count).map(|_| faults.decide(false)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_decisions() {
        let setting = Setting { share: 0.5, seed: 7, ..Setting::default() };
        assert_eq!(decisions(&setting, 200), decisions(&setting, 200));
        assert_ne!(decisions(&setting, 200), decisions(&Setting { seed: 8, ..setting }, 200));
    }

    #[test]
    fn a_new_setting_begins_at_its_seed() {
        let setting = Setting { share: 0.5, seed: 7, ..Setting::default() };
        let faults = Faults::new(Setting { seed: 99, ..setting.clone() });
        faults.decide(false);
        faults.set(setting.clone());
        let after: Vec<_> = (0..50).map(|_| faults.decide(false)).collect();
        assert_eq!(after, decisions(&setting, 50));
    }

    #[test]
    fn the_share_is_kept_and_every_fault_occurs() {
        let setting = Setting { share: 0.2, hang_ms: 9, ..Setting::default() };
        let drawn = decisions(&setting, 10_000);
        let faults: Vec<Fault> = drawn.into_iter().flatten().collect();
        assert!((1_800..2_200).contains(&faults.len()), "{} of 10,000", faults.len());
        for wanted in [
            Fault::Fail,
            Fault::Lose,
            Fault::Hang(Work::Never, 9),
            Fault::Hang(Work::First, 9),
            Fault::Hang(Work::Last, 9),
        ] {
            let seen = faults.iter().filter(|fault| **fault == wanted).count();
            assert!(seen > 100, "{wanted:?}: {seen}");
        }
    }

    #[test]
    fn none_and_all() {
        assert!(decisions(&Setting::default(), 100).iter().all(Option::is_none));
        let all = Setting { share: 1.0, kinds: vec![Kind::Lose], ..Setting::default() };
        assert!(decisions(&all, 100).iter().all(|fault| *fault == Some(Fault::Lose)));
    }

    #[test]
    fn listings_are_let_through_unless_asked() {
        let setting = Setting { share: 1.0, kinds: vec![Kind::Fail], ..Setting::default() };
        let faults = Faults::new(setting.clone());
        assert_eq!(faults.decide(true), None);
        assert_eq!(faults.report().counts, Counts::default());
        faults.set(Setting { lists: true, ..setting });
        assert_eq!(faults.decide(true), Some(Fault::Fail));
        assert_eq!(faults.report().counts, Counts { calls: 1, failed: 1, ..Counts::default() });
    }

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
