//! How runs of handlers went, by kind.
//!
//! A kind's numbers lie together and are found once for a run. They are kept by the kind's number; its name, which the config may
//! change, is put to them when somebody looks.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use mpy6a_sessions::{Outcome, Report};

use super::{
    histogram::{Histogram, LAG, MEMORY, SECONDS, us},
    traps::{TRAPS, trap},
};
use crate::limits::KINDS_COUNTED_MAX;

/// What may become of a session at the end of a run.
pub const ENDED: [&str; 5] = ["deleted", "stored", "backoff", "parked", "lost"];

/// The counters of every kind.
#[derive(Debug, Default)]
pub struct Repeats(RwLock<BTreeMap<u32, Arc<Counted>>>);

/// The counters of one kind.
#[derive(Debug)]
pub struct Counted {
    outcomes: [AtomicU64; Outcome::NAMES.len()],
    ended: [AtomicU64; ENDED.len()],
    traps: [AtomicU64; TRAPS.len()],
    fuel: AtomicU64,
    /// How late they were claimed.
    pub lag: Histogram,
    /// How long they took.
    pub run: Histogram,
    /// The most memory that they had.
    pub memory: Histogram,
}

/// A run that ended.
#[derive(Debug)]
pub struct Repeat<'a> {
    /// The kind's number.
    pub kind: u32,
    /// How it went.
    pub report: &'a Report,
    /// What became of the session: one of [`ENDED`].
    pub ended: &'static str,
    /// How long after its due time it was claimed.
    pub late: Duration,
    /// How long it took, in microseconds.
    pub run_us: u64,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            outcomes: Default::default(),
            ended: Default::default(),
            traps: Default::default(),
            fuel: AtomicU64::default(),
            lag: Histogram::new(&LAG),
            run: Histogram::new(&SECONDS),
            memory: Histogram::new(&MEMORY),
        }
    }
}

impl Repeats {
    /// Count a run.
    pub fn count(&self, repeat: &Repeat<'_>) {
        let counted = self.of(repeat.kind);
        let Report { outcome, fuel, memory_peak_bytes, .. } = repeat.report;
        add(&Outcome::NAMES, &counted.outcomes, outcome.name());
        add(&ENDED, &counted.ended, repeat.ended);
        if let Some(trap) = trap(outcome) {
            add(&TRAPS, &counted.traps, trap);
        }
        counted.fuel.fetch_add(*fuel, Relaxed);
        counted.lag.observe(us(repeat.late));
        counted.run.observe(repeat.run_us);
        counted.memory.observe(*memory_peak_bytes);
    }

    /// The kinds that have counters.
    #[must_use]
    pub fn kinds(&self) -> Vec<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// The counters of a kind. Past [`KINDS_COUNTED_MAX`] kinds share those of number 0, which no kind has.
    #[must_use]
    pub fn of(&self, kind: u32) -> Arc<Counted> {
        // Nothing in here panics with the lock held.
        if let Some(counted) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&kind) {
            return Arc::clone(counted);
        }
        let mut kinds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kind = if kinds.len() < KINDS_COUNTED_MAX || kinds.contains_key(&kind) { kind } else { 0 };
        Arc::clone(kinds.entry(kind).or_default())
    }
}

impl Counted {
    /// How runs ended.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        read(&Outcome::NAMES, &self.outcomes)
    }

    /// What became of their sessions.
    pub fn ended(&self) -> impl Iterator<Item = (&'static str, u64)> {
        read(&ENDED, &self.ended)
    }

    /// Why the host ended them.
    pub fn traps(&self) -> impl Iterator<Item = (&'static str, u64)> {
        read(&TRAPS, &self.traps)
    }

    /// What they computed.
    #[must_use]
    pub fn fuel(&self) -> u64 {
        self.fuel.load(Relaxed)
    }
}

fn add(names: &[&str], counts: &[AtomicU64], name: &str) {
    if let Some(at) = names.iter().position(|it| *it == name) {
        counts[at].fetch_add(1, Relaxed);
    }
}

fn read<'a>(names: &'static [&'static str], counts: &'a [AtomicU64]) -> impl Iterator<Item = (&'static str, u64)> + 'a {
    names.iter().zip(counts).map(|(name, count)| (*name, count.load(Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(outcome: Outcome) -> (u64, u64, Vec<&'static str>) {
        let repeats = Repeats::default();
        let name = outcome.name();
        let report = Report { fuel: 5, ..Report::bare(outcome) };
        repeats.count(&Repeat { kind: 3, report: &report, ended: "parked", late: Duration::from_secs(1), run_us: 7 });
        let of = repeats.of(3);
        let how_many = of.outcomes().find(|(it, _)| *it == name).map_or(0, |(_, count)| count);
        let parked = of.ended().find(|(it, _)| *it == "parked").map_or(0, |(_, count)| count);
        assert_eq!((of.fuel(), of.lag.read().count, of.run.read().count, of.memory.read().count), (5, 1, 1, 1));
        (how_many, parked, of.traps().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect())
    }

    #[test]
    fn a_run_is_counted_by_its_outcome_its_end_and_its_trap() {
        assert_eq!(counted(Outcome::Retry("not yet".to_owned())), (1, 1, vec![]));
        let trap = "wasm trap: wasm `unreachable` instruction executed; in handle".to_owned();
        assert_eq!(counted(Outcome::Trapped(trap)), (1, 1, vec!["unreachable"]));
        assert_eq!(counted(Outcome::Trapped("something new".to_owned())), (1, 1, vec!["trap"]));
        assert_eq!(counted(Outcome::OutOfFuel), (1, 1, vec!["out-of-fuel"]));
    }

    #[test]
    fn kinds_that_come_and_go_do_not_pile_up() {
        let repeats = Repeats::default();
        for kind in 1..=10_000 {
            let _ = repeats.of(kind);
        }
        assert_eq!(repeats.0.read().map_or(0, |kinds| kinds.len()), KINDS_COUNTED_MAX + 1);
    }
}
