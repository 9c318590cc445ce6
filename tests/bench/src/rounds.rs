//! Two things measured in turns, so that a neighbour's burst of work strikes both. What is reported is the round whose ratio is
//! the median, whole: figures of different rounds are never mixed.

use std::time::Duration;

use crate::{
    Outcome,
    load::{Measured, Worker, drive},
};

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Rounds {
    pub slice: Duration,
    pub rounds: u32,
}

/// The median round.
pub struct Pair {
    pub ours: Measured,
    pub theirs: Measured,
    /// Operations, or workflows, of ours : theirs.
    pub ratio: f64,
}

/// What is compared.
#[derive(Clone, Copy)]
pub enum By {
    /// Operations a second.
    Operations,
    /// Workflows a second.
    Workflows,
}

impl By {
    pub fn of(self, measured: &Measured) -> f64 {
        match self {
            Self::Operations => measured.ops_per_s,
            Self::Workflows => measured.turns_per_s,
        }
    }
}

impl Rounds {
    /// Drive these and those in turns.
    pub async fn pair<A: Worker, B: Worker>(self, mut ours: Vec<A>, mut theirs: Vec<B>, by: By) -> Outcome<Pair> {
        let mut pairs = Vec::new();
        for _ in 0..self.rounds {
            let (theirs_back, of_theirs) = drive(theirs, self.slice).await?;
            let (ours_back, of_ours) = drive(ours, self.slice).await?;
            (ours, theirs) = (ours_back, theirs_back);
            pairs.push(Pair::new(of_ours, of_theirs, by));
        }
        median(pairs, |pair| pair.ratio)
    }
}

impl Pair {
    pub fn new(ours: Measured, theirs: Measured, by: By) -> Self {
        let ratio = by.of(&ours) / by.of(&theirs);
        Self { ours, theirs, ratio }
    }
}

/// The one in the middle, by this key.
pub fn median<T>(mut all: Vec<T>, key: impl Fn(&T) -> f64) -> Outcome<T> {
    all.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = all.len() / 2;
    Ok(all.into_iter().nth(middle).ok_or("nothing was measured")?)
}
