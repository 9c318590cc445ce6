//! Looking at everything in a store and in its log, and changing nothing.

use std::{path::Path, sync::Arc};

use super::{LOG_GONE, body, log_folder};
use crate::store::{
    StoreError,
    disk::{Folder, RealFolder},
    log::{Salt, Survey},
    redb::{self, LogState, OpenError, Verified},
};

/// Look at the store in this file, which no host serves from, or at a backup.
///
/// # Errors
///
/// If the file is none of ours, is in use, or cannot be read. What is damaged in it is no error: it is found.
pub fn verify(path: &Path) -> Result<Verified, OpenError> {
    let (mut found, state) = redb::verify(path)?;
    let Some(state) = state.filter(|state| !state.closed) else { return Ok(found) };
    match log(path, &state) {
        Ok(commits) => found.logged = commits,
        Err(error) => found.add(error.to_string()),
    }
    Ok(found)
}

/// How many commits the log has that the B-tree does not; every one of them is read.
fn log(path: &Path, state: &LogState) -> Result<u64, StoreError> {
    let folder: Arc<dyn Folder> = Arc::new(RealFolder::new(log_folder(path)));
    let survey = Survey::new(&folder, &Salt(state.salt), state.covered)?;
    if survey.is_empty() {
        return Err(StoreError::Foreign(LOG_GONE.into()));
    }
    let mut commits = 0;
    for number in survey.frames() {
        let (version, bytes) = survey.body(number)?;
        body::decode_as(version, &bytes)?;
        commits += 1;
    }
    Ok(commits)
}
