//! Which sessions a listing is about.

use std::collections::BTreeSet;

use mpy6a_proto::v1;
use mpy6a_sessions::{Line, Listed, Outcome, Part, StateName};
use tonic::Status;

use crate::error::invalid;

/// A filter that was checked.
#[derive(Debug)]
pub struct Filter {
    kinds: BTreeSet<u32>,
    states: BTreeSet<StateName>,
    created_from_ms: u64,
    created_until_ms: u64,
    repeats_min: u32,
    last_outcome: String,
    last_cause_has: String,
}

impl Filter {
    /// A filter from the wire.
    ///
    /// # Errors
    ///
    /// `REQUEST_INVALID`: a state or an outcome that there is not.
    pub fn new(given: Option<v1::Filter>) -> Result<Self, Status> {
        let given = given.unwrap_or_default();
        let states = given.states.iter().map(|state| state_name(*state)).collect::<Result<BTreeSet<_>, _>>()?;
        if !given.last_outcome.is_empty() && !Outcome::NAMES.contains(&given.last_outcome.as_str()) {
            let known = Outcome::NAMES.join(", ");
            return Err(invalid(&format!("`last_outcome` {:?} is none: use one of {known}", given.last_outcome)));
        }
        Ok(Self {
            kinds: given.kinds.into_iter().collect(),
            states: if states.is_empty() { StateName::ALL.into() } else { states },
            created_from_ms: given.created_from_ms.unwrap_or(0),
            created_until_ms: given.created_until_ms.unwrap_or(u64::MAX),
            repeats_min: given.repeats_min.unwrap_or(0),
            last_outcome: given.last_outcome,
            last_cause_has: given.last_cause_has,
        })
    }

    /// Whether it lets a session through.
    #[must_use]
    pub fn matches(&self, listed: &Listed) -> bool {
        let session = &listed.session;
        let outcome = listed.last.as_ref().map(|attempt| &attempt.report.outcome);
        let name = outcome.map_or("", Outcome::name);
        let cause = super::unfinished::last_cause(session, listed.last.as_ref());
        (self.kinds.is_empty() || self.kinds.contains(&session.kind))
            && self.states.contains(&session.state.name())
            && (self.created_from_ms..=self.created_until_ms).contains(&session.created_ms)
            && session.repeats >= self.repeats_min
            && (self.last_outcome.is_empty() || self.last_outcome == name)
            && cause.contains(&self.last_cause_has)
    }

    /// Where to look, in order, of these kinds that have sessions.
    #[must_use]
    pub fn parts(&self, kinds: impl Iterator<Item = u32>) -> Vec<Part> {
        let has = |state| self.states.contains(&state);
        let held = (has(StateName::Active) || has(StateName::Repeating)).then_some(Part::Held(None));
        let kinds: BTreeSet<u32> = kinds.filter(|kind| self.kinds.is_empty() || self.kinds.contains(kind)).collect();
        let lines = [(StateName::Stored, Line::Stored), (StateName::Parked, Line::Parked)];
        let lines = || lines.into_iter().filter(|(state, _)| has(*state)).map(|(_, line)| line);
        let waiting = kinds.into_iter().flat_map(|kind| lines().map(move |line| Part::Waiting(kind, line, None)));
        held.into_iter().chain(waiting).collect()
    }
}

fn state_name(state: i32) -> Result<StateName, Status> {
    match v1::SessionState::try_from(state) {
        Ok(v1::SessionState::Active) => Ok(StateName::Active),
        Ok(v1::SessionState::Stored) => Ok(StateName::Stored),
        Ok(v1::SessionState::Repeating) => Ok(StateName::Repeating),
        Ok(v1::SessionState::Parked) => Ok(StateName::Parked),
        Ok(v1::SessionState::Unspecified) | Err(_) => {
            Err(invalid("`states` has one that there is not: use active, stored, repeating or parked"))
        }
    }
}
