//! How many sessions there are, by kind and state.

use std::collections::{BTreeMap, BTreeSet};

use super::message::Counts;
use crate::{
    session::{Session, StateName},
    store::{SessionChange, Waiting},
};

/// The counts of every kind. Those of waiting sessions are kept in the store, since counting them there would take a walk
/// over all; those of held ones are counted when the store is taken over.
#[derive(Default)]
pub struct Census {
    kinds: BTreeMap<u32, Counts>,
}

impl Census {
    /// Count what a store held.
    pub fn new(waiting: &BTreeMap<u32, Waiting>, held: &[Session]) -> Self {
        let mut census = Self::default();
        for (kind, waiting) in waiting {
            let counts = census.kinds.entry(*kind).or_default();
            counts.stored = waiting.stored;
            counts.parked = waiting.parked;
        }
        for session in held {
            *census.count(session) += 1;
        }
        census
    }

    /// Count a batch's changes; the new counts of the kinds whose waiting sessions grew or shrank in number.
    pub fn update(&mut self, changes: &[SessionChange]) -> Vec<(u32, Waiting)> {
        let mut changed = BTreeSet::new();
        for SessionChange { before, after, .. } in changes {
            let name = |session: &Option<Session>| session.as_ref().map(|session| session.state.name());
            if name(before) == name(after) {
                continue;
            }
            for (session, add) in [(before, false), (after, true)] {
                let Some(session) = session else { continue };
                let count = self.count(session);
                *count = if add { *count + 1 } else { count.saturating_sub(1) };
                if !session.state.is_held() {
                    changed.insert(session.kind);
                }
            }
        }
        changed
            .into_iter()
            .map(|kind| {
                let counts = self.kinds.get(&kind).copied().unwrap_or_default();
                (kind, Waiting { stored: counts.stored, parked: counts.parked })
            })
            .collect()
    }

    /// The counts of every kind that has or had sessions.
    pub fn counts(&self) -> &BTreeMap<u32, Counts> {
        &self.kinds
    }

    fn count(&mut self, session: &Session) -> &mut u64 {
        let counts = self.kinds.entry(session.kind).or_default();
        match session.state.name() {
            StateName::Active => &mut counts.active,
            StateName::Stored => &mut counts.stored,
            StateName::Repeating => &mut counts.repeating,
            StateName::Parked => &mut counts.parked,
        }
    }
}
