//! A copy of a store as of one moment, written while commits go on.
//!
//! redb keeps what a reader may still see, so a backup reads at its leisure and the writer waits for nothing; meanwhile the file
//! cannot use pages again that were freed since, and grows by what changes.
//!
//! The copy is made aside, read back whole, and only then given its name. It is a store like any other: to restore it is to put
//! it where a store should be. Two things in it differ:
//!
//! * Its log is said to be closed, and has another salt: files of the old store's log are not taken for its own.
//! * Its term is larger by [`RESTORED_TERMS`]. What the old store did after the backup was done under terms in between, so
//!   whoever compares fences goes on from there, and no id is given twice.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use redb::{Builder, Database, Key, ReadTransaction, TableDefinition, Value, WriteTransaction};

use super::{
    LogState, OpenError, Verified, attempts, due, io as failed, make, meta, records, requests, sessions, tombstones,
    verify,
};
use crate::{
    ids::Index,
    store::{Snapshot, StoreError},
};

/// How many terms a backup is ahead: a host is not started so often between a backup and its restoration.
pub const RESTORED_TERMS: u64 = 1_000_000;

/// How many rows are written in one transaction, which keeps the pages that it changes in memory.
const ROWS: usize = 20_000;

/// How much memory the copy may keep pages in, in bytes.
const CACHE_BYTES: usize = 64 << 20;

/// Why there is no backup. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{} is there already, and was left as it is: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("cannot write {}: {source}: check that its folder exists, is writable and has room", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The store could not be read, or the copy could not be written.
    #[error("the backup failed: {0}: mend the disk, or free space on it, and try again")]
    Store(#[from] StoreError),
    /// The copy could not be opened again.
    #[error("the backup cannot be opened again, and was removed: {0}: try again, to another disk if it stays so")]
    Open(#[from] OpenError),
    /// The copy was read back, and is wrong: so is the store, most likely.
    #[error("the backup was read back, and is wrong: {}; run mpy6a verify on the store, or restore an older backup", .0.join("; "))]
    Wrong(Vec<String>),
}

/// A redb store as of one moment.
pub struct RedbSnapshot(pub(super) ReadTransaction);

impl Snapshot for RedbSnapshot {
    fn write_to(&self, path: &Path, salt: [u8; 16]) -> Result<Verified, BackupError> {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let aside = beside(path);
        let done = self.fill(&aside, salt).and_then(|()| install(&aside, path));
        let _ = fs::remove_file(&aside);
        done
    }
}

/// Where a file is put that will have this name when it is whole.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    make::beside(path, &format!("{:016x}", rand::random::<u64>()))
}

/// Give a finished backup its name, if all of it is right and there is no file of that name.
///
/// # Errors
///
/// See [`BackupError`]. The file stays where it is then.
pub fn install(aside: &Path, path: &Path) -> Result<Verified, BackupError> {
    let fail = |source| BackupError::Io { path: path.to_owned(), source };
    let (found, _) = verify(aside)?;
    if !found.is_right() {
        return Err(BackupError::Wrong(found.wrong));
    }
    // Never over another file, also not one that came meanwhile.
    fs::hard_link(aside, path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
        _ => fail(source),
    })?;
    let _ = fs::remove_file(aside);
    File::open(make::folder_of(path)).and_then(|folder| folder.sync_all()).map_err(fail)?;
    Ok(found)
}

impl RedbSnapshot {
    /// Copy everything into a new file.
    fn fill(&self, aside: &Path, salt: [u8; 16]) -> Result<(), BackupError> {
        let fail = |source| BackupError::Io { path: aside.to_owned(), source };
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(aside).map_err(fail)?;
        let copy = Builder::new().set_cache_size(CACHE_BYTES).create(aside).map_err(failed)?;
        self.copy_all(&copy)?;
        Ok(self.finish(&copy, salt)?)
    }

    fn copy_all(&self, copy: &Database) -> Result<(), StoreError> {
        self.copy(copy, sessions::HELD)?;
        self.copy(copy, sessions::WAITING)?;
        self.copy(copy, records::RECORDS)?;
        self.copy(copy, due::DUE)?;
        self.copy(copy, due::PARKED)?;
        self.copy(copy, attempts::ATTEMPTS)?;
        self.copy(copy, meta::COUNTS)?;
        self.copy(copy, meta::PAUSES)?;
        self.copy(copy, requests::REQUESTS)?;
        self.copy(copy, tombstones::TOMBSTONES)
    }

    fn copy<K: Key + 'static, V: Value + 'static>(
        &self,
        copy: &Database,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let from = self.0.open_table(definition).map_err(failed)?;
        let mut rows = from.range::<K::SelfType<'_>>(..).map_err(failed)?.peekable();
        loop {
            let transaction = begin(copy)?;
            {
                let mut to = transaction.open_table(definition).map_err(failed)?;
                for row in rows.by_ref().take(ROWS) {
                    let (key, value) = row.map_err(failed)?;
                    to.insert(key.value(), value.value()).map_err(failed)?;
                }
            }
            transaction.commit().map_err(failed)?;
            if rows.peek().is_none() {
                return Ok(());
            }
        }
    }

    /// What makes it a store, last.
    fn finish(&self, copy: &Database, salt: [u8; 16]) -> Result<(), StoreError> {
        let from = self.0.open_table(meta::META).map_err(failed)?;
        let last = meta::last(&from)?;
        let covered = meta::log(&from)?.map_or(0, |state| state.covered);
        let transaction = begin(copy)?;
        meta::write_last(&transaction, Index { term: last.term + RESTORED_TERMS, ..last })?;
        meta::write_time(&transaction, meta::time(&from)?)?;
        meta::write_log(&transaction, &LogState { salt, covered, closed: true })?;
        {
            let mut table = transaction.open_table(meta::META).map_err(failed)?;
            table.insert(meta::FORMAT_KEY, meta::FORMAT).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

fn begin(copy: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = copy.begin_write().map_err(failed)?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}
