//! The switch: draws the decisions, and counts what came of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{Counts, Fault, Kind, Report, Setting, Work};

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
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
}
