//! Taking over: what the last host left in the log goes into redb, in one commit, before anybody is served.
//!
//! Putting it into redb at once, rather than back into memory, makes it durable anew: whatever the last host's failed
//! syncs left in the system's page cache does not matter any more, and numbers of the log begin behind everything that was
//! ever written.

use std::sync::Arc;

use super::{LoggedStore, Sizes, body};
use crate::store::{
    ChangeSet, Store as _, StoreError,
    before::carry_origins,
    log::{Log, Salt, Survey},
    redb::LogState,
};

impl LoggedStore {
    /// Open the log, and leave everything in redb that was committed before.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        let state = self.state()?;
        self.salt = Salt(state.salt);
        let survey = Survey::new(&self.folder, &self.salt, state.covered)?;
        if survey.is_empty() && !state.closed {
            return Err(StoreError::Foreign(super::LOG_GONE.into()));
        }
        let last = self.replay(&survey, state.covered)?;
        let replayed = last - state.covered;
        // A number that a crash tore is never used again.
        let last = survey.torn().unwrap_or(last);
        let Sizes { segment_bytes, .. } = self.sizes;
        let free_max = self.sizes.free_segments_max();
        let log = Log::begin(Arc::clone(&self.folder), &self.salt, survey, last, segment_bytes, free_max)?;
        self.commit_state(LogState { covered: last, closed: false, ..state })?;
        self.log = Some(log);
        if replayed > 0 {
            tracing::info!(commits = replayed, "took over what the last host left in the log");
        }
        Ok(())
    }

    /// What redb knows of the log. A store that never had one gets its salt now, before there are files.
    fn state(&mut self) -> Result<LogState, StoreError> {
        if let Some(state) = self.base.log_state()? {
            return Ok(state);
        }
        let state = LogState { salt: self.salt.0, covered: 0, closed: true };
        self.commit_state(state)?;
        Ok(state)
    }

    /// Merge every frame into the fresh generation; the number of the last.
    fn replay(&mut self, survey: &Survey, covered: u64) -> Result<u64, StoreError> {
        let mut last = covered;
        for number in survey.frames() {
            let (version, bytes) = survey.body(number)?;
            let mut changes = body::decode_as(version, &bytes)?;
            self.add_before(&mut changes)?;
            carry_origins(&mut changes);
            self.fresh.merge(changes);
            last = number;
        }
        Ok(last)
    }

    /// The log does not hold what sessions were before: it is what the store says.
    fn add_before(&self, changes: &mut ChangeSet) -> Result<(), StoreError> {
        for change in &mut changes.sessions {
            change.before = self.session(change.id)?;
        }
        Ok(())
    }

    /// Put the fresh generation into redb, with this word about the log.
    pub(super) fn commit_state(&mut self, state: LogState) -> Result<(), StoreError> {
        let fresh = std::mem::take(&mut self.fresh);
        self.base.committer().commit(&fresh.rows(), Some(&state))?;
        self.base.refresh();
        self.has_covered(state.covered);
        self.dues.borrow_mut().reset();
        Ok(())
    }
}
