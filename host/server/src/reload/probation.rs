//! A changed plugin on probation: where too many of its runs trap, the version before it comes back.
//!
//! Runs count for the version that they began with, from the swap on, for as long as the window. A run traps where the sandbox ends
//! it: by a trap, for fuel or memory, or for a breach of the contract. One that ran out of time does not count: that is what runs do
//! while a service is down, and the version before would do the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use mpy6a_plugins::Plugin;
use mpy6a_sessions::Outcome;
use tokio::sync::Notify;

use crate::config::Rollout;

/// The plugins on probation, by kind.
#[derive(Debug, Default)]
pub struct Probation {
    watched: Mutex<BTreeMap<u32, Watched>>,
    /// Rung when one has failed.
    failed: Notify,
}

#[derive(Debug)]
struct Watched {
    new: Arc<Plugin>,
    before: Arc<Plugin>,
    rollout: Rollout,
    since: Instant,
    tally: Tally,
}

/// Runs of a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That ended.
    pub runs: u32,
    /// That trapped.
    pub traps: u32,
}

/// A version that trapped too often.
#[derive(Debug)]
pub struct Failed {
    /// The kind.
    pub kind: u32,
    /// The version.
    pub new: Arc<Plugin>,
    /// What was in service before it.
    pub before: Arc<Plugin>,
    /// How often.
    pub tally: Tally,
}

impl Tally {
    /// Whether these are too many traps.
    fn is_too_much(self, rollout: Rollout) -> bool {
        let share = u64::from(self.traps) * 100;
        self.runs >= rollout.min_runs && share > u64::from(rollout.max_trap_percent) * u64::from(self.runs)
    }
}

impl Probation {
    /// A plugin took over.
    pub(super) fn begin(&self, kind: u32, before: Arc<Plugin>, new: Arc<Plugin>, rollout: Rollout) {
        let mut watched = self.lock();
        // Of two changes in a row the first has not proved itself: what was before both comes back.
        let unproved = watched.remove(&kind).filter(|it| it.since.elapsed() < it.rollout.window);
        if rollout.max_trap_percent < 100 {
            let before = unproved.map_or(before, |it| it.before);
            watched.insert(kind, Watched { new, before, rollout, since: Instant::now(), tally: Tally::default() });
        }
    }

    /// A run of this plugin has ended.
    pub fn ended(&self, kind: u32, plugin: &Arc<Plugin>, outcome: &Outcome) {
        let mut all = self.lock();
        let Some(watched) = all.get_mut(&kind).filter(|it| Arc::ptr_eq(&it.new, plugin)) else { return };
        if watched.since.elapsed() > watched.rollout.window {
            all.remove(&kind);
            return;
        }
        watched.tally.runs += 1;
        watched.tally.traps += u32::from(is_trap(outcome));
        if watched.tally.is_too_much(watched.rollout) {
            self.failed.notify_one();
        }
    }

    /// Wait until one has failed. Dropping the future loses nothing.
    pub(super) async fn failed(&self) -> Vec<Failed> {
        loop {
            let mut failed = Vec::new();
            self.lock().retain(|kind, it| {
                let is_over = it.tally.is_too_much(it.rollout);
                if is_over {
                    let (new, before) = (Arc::clone(&it.new), Arc::clone(&it.before));
                    failed.push(Failed { kind: *kind, new, before, tally: it.tally });
                }
                !is_over
            });
            if !failed.is_empty() {
                return failed;
            }
            self.failed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_trap(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Trapped(_) | Outcome::OutOfFuel | Outcome::OutOfMemory | Outcome::ContractBroken(_))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn more_than_the_share_of_enough_runs_is_too_much() {
        let rollout = Rollout { try_attempts: 0, max_trap_percent: 20, min_runs: 10, window: Duration::MAX };
        let is_too_much = |traps, runs| Tally { runs, traps }.is_too_much(rollout);
        assert!(!is_too_much(9, 9), "too few to say");
        assert!(!is_too_much(2, 10) && is_too_much(3, 10));
        assert!(!is_too_much(200, 1_000) && is_too_much(201, 1_000));
        let never = Rollout { max_trap_percent: 100, ..rollout };
        assert!(!Tally { runs: 10, traps: 10 }.is_too_much(never));
    }
}
