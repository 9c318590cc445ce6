//! The host dies everywhere: at every call of a handler in turn, and once more at every call of the repeat that follows.
//!
//! A guest sees nothing but what the host tells it, so the places where a host can die that anybody could tell apart are few:
//! before each of the guest's calls, between the commit of what it asked and the request that follows, between the request and
//! its answer, and before the end of the run is committed. [`everywhere`] tries each of them, and each pair of them.
//!
//! After each crash the host comes back a minute later: the session has what was committed and is due at once, the world outside is
//! as it was left, clock and chance have gone on. The handler is repeated until the session is settled, or has had as many whole runs as in
//! the undisturbed life. Then it must have come to the same end:
//!
//! * the session is gone, stored or parked as it would have been, with the same records;
//! * the world was changed in the same way: every effect that there should be, and none twice ([`crate::outside::effects`]);
//! * what the author said must always hold, holds ([`Invariant`]).
//!
//! A handler that records what time it is, and works with that, rightly comes to other records and bodies when its first run was
//! a minute later. So where a life did not come to the same end, it is lived once more with a clock that stands still while the
//! host is down, and that one is compared. What was repeated otherwise than at first counts in both; whether under another name, a life
//! with a longer death tells (`renamed`).

mod invariant;
mod renamed;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    offline::{
        KitError, Workbench,
        life::{DOWN, EXTRA_RUNS, Life, Situation},
        trace::{Point, shorten},
    },
    outside::effects::Effect,
};
pub use invariant::Invariant;

/// Most lives for one scenario, crashes in pairs included: a Python handler takes 2 ms for each of its runs, so half a minute.
/// Beyond that, pairs are taken at even distances.
pub const LIVES_MAX: usize = 10_000;

/// How long a host is away that is away for longer: minutes, seconds and milliseconds are others again.
const LONGER_DOWN: Duration = DOWN.saturating_mul(2);

/// What came of it.
#[derive(Debug)]
pub struct Crashes {
    /// In how many places the undisturbed life was cut.
    pub points: usize,
    /// How many lives were lived, those with two crashes included.
    pub lives: usize,
    /// Pairs that were left out for their number.
    pub left_out: usize,
    /// What went wrong, one for each different way, with the first crash that showed it.
    pub faults: Vec<Fault>,
}

/// A crash that the handler did not get over.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Where the host died.
    pub cuts: Vec<Point>,
    /// What was wrong in the end, and what to do.
    pub why: String,
    /// In how many lives it went wrong in this way.
    pub lives: usize,
}

/// Live through the situation once for each place to die, and for each pair of places.
///
/// # Errors
///
/// The session is one that the host would not have taken.
pub async fn everywhere(
    bench: &Workbench,
    situation: &Situation,
    whole: &Life,
    invariants: &[Invariant],
) -> Result<Crashes, KitError> {
    // A life that settled is to settle again, however long that takes; any other is to be compared at the same number of runs.
    let runs = if whole.is_settled() { situation.runs.saturating_add(EXTRA_RUNS) } else { situation.runs };
    let situation = Situation { runs, ..situation.clone() };
    let points = whole.phases.first().map_or(0, Vec::len);
    let mut tally = Tally { whole, invariants, lives: 0, faults: BTreeMap::new() };
    // For each first cut, how many places the repeat after it has.
    let mut pairs = Vec::new();
    for first in 0..points {
        let life = tally.live(bench, &situation, &[first]).await?;
        let second_run =
            |point: &&Point| Some(point.run) == life.phases.get(1).and_then(|phase| Some(phase.first()?.run));
        let seconds = life.phases.get(1).map_or(0, |phase| phase.iter().filter(second_run).count());
        pairs.extend((0..seconds).map(|second| (first, second)));
    }
    let stride = pairs.len().div_ceil(LIVES_MAX.saturating_sub(points).max(1)).max(1);
    for (first, second) in pairs.iter().step_by(stride) {
        tally.live(bench, &situation, &[*first, *second]).await?;
    }
    let left_out = pairs.len() - pairs.len().div_ceil(stride);
    Ok(Crashes { points, lives: tally.lives, left_out, faults: tally.faults.into_values().collect() })
}

struct Tally<'a> {
    whole: &'a Life,
    invariants: &'a [Invariant],
    lives: usize,
    /// By what went wrong.
    faults: BTreeMap<String, Fault>,
}

impl Tally<'_> {
    /// Live with these cuts, and judge.
    async fn live(&mut self, bench: &Workbench, situation: &Situation, cuts: &[usize]) -> Result<Life, KitError> {
        let life = bench.live(situation, cuts).await?;
        let mut found = differences(self.whole, &life);
        if !found.is_empty() {
            let still = bench.live_with(situation, cuts, Duration::ZERO).await?;
            found = differences(self.whole, &still);
            found.extend(repeated_otherwise(self.whole, &life));
            if renamed::is_possible(self.whole, &life) {
                let longer = bench.live_with(situation, cuts, LONGER_DOWN).await?;
                found.extend(renamed::repeated(self.whole, &life, &longer, &situation.answers));
            }
        }
        found.extend(self.invariants.iter().filter_map(|invariant| invariant.broken_by(&life)));
        self.note(&life, found.into_iter().collect());
        Ok(life)
    }

    fn note(&mut self, life: &Life, found: BTreeSet<String>) {
        self.lives += 1;
        for why in found {
            let cuts = || {
                let cut = life.phases.len() - 1;
                life.phases.iter().take(cut).filter_map(|phase| phase.last().cloned()).collect()
            };
            self.faults.entry(why.clone()).or_insert_with(|| Fault { cuts: cuts(), why, lives: 0 }).lives += 1;
        }
    }
}

/// How a disturbed life ended otherwise than the undisturbed one.
fn differences(whole: &Life, life: &Life) -> Vec<String> {
    let mut found = Vec::new();
    if life.outcome() != whole.outcome() {
        let cause = if life.cause().is_empty() { String::new() } else { format!(" ({})", shorten(life.cause())) };
        found.push(format!(
            "the session is {}{cause} in the end, undisturbed it is {}",
            life.outcome(),
            whole.outcome()
        ));
    }
    if life.records != whole.records {
        found.push(format!(
            "the session ends with other records than undisturbed ({} in place of {}): record what a repeat needs once, or look \
             for it before recording it again",
            life.records.len(),
            whole.records.len()
        ));
    }
    found.extend(effects(&whole.outside.effects.list(), &life.outside.effects.list()));
    found.extend(life.outside.effects.changed().iter().cloned());
    found.extend(unanswered(whole, life));
    found
}

/// Requests of a repeat that were not those of the run before it, in a life in which the clock went on.
fn repeated_otherwise(whole: &Life, life: &Life) -> Vec<String> {
    let mut found = life.outside.effects.changed().to_vec();
    found.extend(unanswered(whole, life));
    let should = renamed::lines(whole);
    found.extend(renamed::lines(life).into_iter().filter_map(|(line, times)| {
        let expected = *should.get(&line)?;
        (times > expected).then(|| too_often(&line, times, expected))
    }));
    found
}

fn too_often(line: &str, times: usize, expected: usize) -> String {
    format!(
        "{line} took effect {times} times, undisturbed {expected}: name a `step`, so that the service can tell the repeat"
    )
}

/// Requests to which the scenario has no answer.
fn unanswered(whole: &Life, life: &Life) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(life.outside.unanswered.iter().filter(|line| !whole.outside.unanswered.contains(line)).map(|line| {
        format!("after a crash it asks {line}, to which the scenario has no answer: add one with [[scenario.http]]")
    }));
    found
}

/// Effects that are missing, or that are there more often.
fn effects(whole: &[Effect], life: &[Effect]) -> Vec<String> {
    let count = |effects: &[Effect]| {
        let mut counts = BTreeMap::<Effect, usize>::new();
        effects.iter().for_each(|effect| *counts.entry(effect.clone()).or_default() += 1);
        counts
    };
    let (should, did) = (count(whole), count(life));
    let mut found = Vec::new();
    for (effect, times) in &did {
        let expected = should.get(effect).copied().unwrap_or_default();
        if *times > expected && expected > 0 {
            found.push(too_often(&effect.line, *times, expected));
        } else if *times > expected {
            found.push(format!(
                "{} with the body {} took effect, undisturbed it does not: decide by what is recorded or by what the service says",
                effect.line,
                shorten(&effect.body)
            ));
        }
    }
    for (effect, times) in &should {
        if did.get(effect).copied().unwrap_or_default() < *times {
            found.push(format!("{} did not take effect: record what was done only after it was done", effect.line));
        }
    }
    found
}
