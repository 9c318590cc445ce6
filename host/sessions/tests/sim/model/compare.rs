//! Everything that a store holds, against everything that must be there: no session less, none more, none half; the schedule,
//! the two lists of who holds and who waits, the counts and what is remembered, each in step with the sessions.

use mpy6a_sessions::{Index, Line, store::Tombstone};

use super::{Model, Moment, Violation};
use crate::watched::Rows;

impl Model {
    /// Whether the store holds exactly this.
    pub fn compare(&self, rows: &Rows) -> Result<(), Violation> {
        self.compare_sessions(rows)?;
        for (kind, due) in &rows.due {
            if *due != self.due(*kind) {
                return Err(format!(
                    "the schedule of kind {kind} is\n  {due:?}, and should be\n  {:?}",
                    self.due(*kind)
                ));
            }
        }
        for (kind, parked) in &rows.parked {
            if *parked != self.line(*kind, Line::Parked) {
                return Err(format!(
                    "parked of kind {kind} are\n  {parked:?}, and should be\n  {:?}",
                    self.line(*kind, Line::Parked)
                ));
            }
        }
        if let Some(pauses) = &rows.pauses
            && !self.pauses_are(pauses)
        {
            return Err(format!("paused are {pauses:?}, and should be {:?}", self.pauses));
        }
        if let Some(last) = rows.last
            && (last.index != self.last.index || last.term < self.last.term)
        {
            return Err(format!("the last index is {last}, and was {} before", self.last));
        }
        if let Some(now_ms) = rows.now_ms
            && now_ms != self.written_ms
        {
            return Err(format!(
                "the time goes on from {now_ms} ms, and the last commit was at {} ms",
                self.written_ms
            ));
        }
        self.compare_held(rows)?;
        self.compare_waiting(rows)?;
        self.compare_tombstones(rows)
    }

    fn compare_sessions(&self, rows: &Rows) -> Result<(), Violation> {
        for id in self.sessions.keys() {
            let (found, should) = (rows.sessions.get(id), self.inspected(*id));
            if found != should.as_ref() {
                return Err(format!("session {id} is\n  {found:?}, and should be\n  {should:?}"));
            }
        }
        match rows.sessions.keys().find(|id| !self.sessions.contains_key(id)) {
            Some(id) => Err(format!("session {id} is there, and should not be: {:?}", rows.sessions[id])),
            None => Ok(()),
        }
    }

    fn compare_held(&self, rows: &Rows) -> Result<(), Violation> {
        let Some(found) = &rows.held else { return Ok(()) };
        let held = self.sessions.values().map(|kept| &kept.session).filter(|session| session.state.is_held());
        let held: Vec<_> = held.cloned().collect();
        if *found != held {
            return Err(format!("found held\n  {found:?}, and should be\n  {held:?}"));
        }
        Ok(())
    }

    fn compare_waiting(&self, rows: &Rows) -> Result<(), Violation> {
        let Some(found) = &rows.waiting else { return Ok(()) };
        let counts = self.counts();
        for kind in counts.keys().chain(found.keys()) {
            let counts = counts.get(kind).copied().unwrap_or_default();
            let found = found.get(kind).copied().unwrap_or_default();
            if (found.stored, found.parked) != (counts.stored, counts.parked) {
                return Err(format!("found counted {found:?} of kind {kind}, and there are {counts:?}"));
            }
        }
        Ok(())
    }

    fn compare_tombstones(&self, rows: &Rows) -> Result<(), Violation> {
        let Some(found) = &rows.tombstones else { return Ok(()) };
        // What was forgotten may lie in a row beside what was not.
        let is_still_there = |tombstone: &&Tombstone| self.forgotten.get(&tombstone.id) != Some(tombstone);
        let mut found: Vec<_> = found.iter().filter(is_still_there).collect();
        let mut should: Vec<_> = self.gone.values().collect();
        found.sort_by_key(|tombstone| tombstone.gone);
        should.sort_by_key(|tombstone| tombstone.gone);
        if found != should {
            return Err(format!("remembered are\n  {found:?}, and should be\n  {should:?}"));
        }
        Ok(())
    }

    /// What a new host does before it serves: whoever was being repeated is due at once, and nothing else changes.
    pub fn recovered(&mut self, commits: &[crate::watched::Commit], moment: Moment) -> Result<(), Violation> {
        for commit in commits {
            let first = self.last.index;
            for change in &commit.sessions {
                let index = change.after.as_ref().map(|after| after.change_id).unwrap_or_default();
                let repeats = self
                    .sessions
                    .get(&change.id)
                    .is_some_and(|kept| matches!(kept.session.state, mpy6a_sessions::State::Repeating { .. }));
                if !repeats || index.index <= first || index > commit.last {
                    return Err(format!("a new host changed {}: {change:?}", change.id));
                }
                self.host_died(change.id, index, moment);
                let should = self.sessions.get(&change.id).map(|kept| &kept.session);
                if change.after.as_ref() != should {
                    return Err(format!("a new host made of it\n  {:?}, and should\n  {should:?}", change.after));
                }
            }
            // What it found beyond the bounds goes with its first commit.
            let before = self.clone();
            self.adopt_tombstones(&before, commit, moment)?;
            self.last = commit.last;
            self.written_ms = moment.now_ms;
            if commit.last.index != first + commit.sessions.len() as u64 {
                return Err(format!("a new host used more indices than it repeated sessions: {}", commit.last));
            }
        }
        Ok(())
    }

    /// Whether a run of an earlier host still seems to hold a session.
    pub fn orphan(&self) -> Option<Index> {
        let repeats = |kept: &&super::Kept| matches!(kept.session.state, mpy6a_sessions::State::Repeating { .. });
        self.sessions.values().find(repeats).map(|kept| kept.session.id)
    }
}
