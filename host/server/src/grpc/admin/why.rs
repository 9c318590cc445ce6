//! What a session waits for: the question of three in the morning.

use std::{collections::BTreeMap, time::Duration};

use mpy6a_plugins::Registry;
use mpy6a_proto::v1::{self, WaitReason};
use mpy6a_sessions::{Attempt, Counts, Outcome, Session, State, UNFINISHED, store::Pause};

use crate::reload::InService;

/// All that decides about it beside the session.
pub struct Why<'a> {
    /// The config in service, and troubles.
    pub now: &'a InService,
    /// The plugins in service.
    pub plugins: &'a Registry,
    /// How many sessions of each kind there are.
    pub counts: &'a BTreeMap<u32, Counts>,
    /// The kinds that a person paused.
    pub pauses: &'a BTreeMap<u32, Pause>,
    /// The time, Unix milliseconds.
    pub now_ms: u64,
}

impl Why<'_> {
    /// What a session waits for. `last`: its last attempt. `lease_left`: of its client, if it is active.
    #[must_use]
    pub fn of(&self, session: &Session, last: Option<&Attempt>, lease_left: Option<Duration>) -> v1::Waiting {
        let (reason, words) = match session.state {
            State::Active => {
                let left = seconds(lease_left.unwrap_or_default());
                (WaitReason::Client, format!("its client has it: unless heard of, its lease ends in {left}"))
            }
            State::Stored(due) if due.at_ms > self.now_ms => {
                let left = seconds(Duration::from_millis(due.at_ms - self.now_ms));
                (WaitReason::Due, format!("it is due in {left}"))
            }
            State::Stored(_) => self.overdue(session.kind),
            State::Repeating { since_ms, .. } => {
                let since = seconds(Duration::from_millis(self.now_ms.saturating_sub(since_ms)));
                (WaitReason::Run, format!("a run of its handler has it, since {since}"))
            }
            State::Parked { .. } => parked(session, last),
        };
        v1::Waiting { reason: reason.into(), words }
    }

    /// Why a session is not repeated though it is due, the reason that holds longest first.
    fn overdue(&self, kind: u32) -> (WaitReason, String) {
        let Some(config) = self.now.config.kinds.get(&kind) else {
            return (WaitReason::KindUnknown, format!("due, but the config names no kind {kind}: add it again"));
        };
        let name = &config.name;
        if self.pauses.contains_key(&kind) {
            let words = format!("due, but a person paused kind {name}: `mpy6a kind resume {name}` lets it go on");
            return (WaitReason::KindPaused, words);
        }
        if config.paused {
            let words = format!("due, but the config has paused = true for kind {name}: set it to false");
            return (WaitReason::ConfigPaused, words);
        }
        if self.plugins.get(kind).is_none() {
            let trouble = self.now.trouble(kind);
            return (WaitReason::Plugin, format!("due, but kind {name} has no plugin in service: {trouble}"));
        }
        let running = self.counts.get(&kind).map_or(0, |counts| counts.repeating);
        let workers = config.policy.max_running;
        if running >= u64::from(workers) {
            let words = format!("due, but all {workers} runs of kind {name} are taken: wait, or raise max_running");
            return (WaitReason::Worker, words);
        }
        (WaitReason::Claim, "due, and about to be repeated".to_owned())
    }
}

/// Who parked a session: if it was a run, it is the one that had the session last.
fn parked(session: &Session, last: Option<&Attempt>) -> (WaitReason, String) {
    let by_run = last.filter(|attempt| attempt.fence == session.fence);
    match by_run.map(|attempt| &attempt.report.outcome) {
        None => (WaitReason::Person, "a person parked it: redrive or delete it".to_owned()),
        Some(Outcome::Permanent(reason)) => {
            (WaitReason::HandlerGaveUp, format!("its handler gave it up ({reason}): redrive or delete it"))
        }
        Some(outcome) => {
            let repeats = session.repeats;
            let outcome = match outcome {
                Outcome::Returned => UNFINISHED.to_owned(),
                outcome => outcome.to_string(),
            };
            (
                WaitReason::OutOfRepeats,
                format!("out of repeats after {repeats}, the last: {outcome}: redrive or delete it"),
            )
        }
    }
}

/// A time span in words, to the second.
fn seconds(span: Duration) -> String {
    humantime::format_duration(Duration::from_secs(span.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)))
        .to_string()
}
