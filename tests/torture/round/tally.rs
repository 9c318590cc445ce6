//! The numbers of a round.

use std::fmt;

use super::Plan;
use crate::{
    faults::Fault,
    history::{Answer, History},
    stage::{Counts, Stage},
};

/// How much was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub sessions: usize,
    pub calls: usize,
    pub acknowledged: u64,
    pub unknown: usize,
    pub runs: usize,
    pub looks: usize,
    pub counts: Counts,
    /// What disk was filled, or why none.
    pub disk: Option<&'static str>,
}

/// Where no disk can be filled.
const NO_DISK: &str = "SKIPPED: this machine lets nobody mount a small disk; run it as root";

impl Tally {
    /// Count what was seen.
    pub fn of(stage: &Stage, sessions: &[History], acknowledged: u64, plan: Plan) -> Self {
        let calls = || sessions.iter().flat_map(|session| &session.calls);
        let disk = stage.disk.as_ref().map_or(NO_DISK, |disk| disk.what);
        Self {
            sessions: sessions.len(),
            calls: calls().count(),
            acknowledged,
            unknown: calls().filter(|call| call.answer == Answer::Unknown).count(),
            runs: sessions.iter().map(|session| session.handed.len()).sum(),
            looks: sessions.iter().map(|session| session.looks.len()).sum(),
            counts: stage.counts,
            disk: (plan.fault == Fault::FullDisk).then_some(disk),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, calls, acknowledged, unknown, runs, looks, counts, disk } = self;
        write!(f, "{sessions} sessions, {calls} calls ({acknowledged} acknowledged, {unknown} unanswered), ")?;
        write!(f, "{runs} runs, {looks} looks; {counts}")?;
        disk.map_or(Ok(()), |disk| write!(f, " ({disk})"))
    }
}
