//! The store that a host runs on: the [operation log](super::log) in front of the [B-tree](super::redb).
//!
//! ```text
//! commit --> log: one write, one sync --> fresh generation            in memory
//!                                            | freeze: O(1)
//!                                         frozen generation ----------> redb, in the background: one commit
//!                                                                        | done: read redb anew, forget the frozen
//! reads:  fresh, else frozen, else redb                                  +------ generation, free the log's files
//! ```
//!
//! A change set is encoded, appended to the log and synced, and that is what makes it durable. It is then merged into the
//! *fresh generation*: what became of every session since the last checkpoint. When that has grown, it is *frozen* and a
//! checkpoint writes what is left of it into redb, together with the number of the last frame that it covers. Most
//! sessions were deleted before, and leave nothing to write.
//!
//! | part | job |
//! |---|---|
//! | [`generation`] | changes merged, session by session, with a bound on their bytes |
//! | [`checkpoint`] | the work in the background, and what follows from its end |
//! | [`due`] | what is due, from both generations and redb, in one order |
//! | [`recovery`] | taking over: the log's frames, merged and put into redb |
//! | [`body`] | a change set as bytes |
//! | [`verify`] | looking at all of it while nobody serves |
//!
//! The frames hold change sets, what the rules decided, and not the operations that they decided about: whoever replays
//! them needs neither the limits nor the policies nor the rules of the day they were written.
//!
//! # Invariants
//!
//! * A change is merged after its frame was synced; nobody reads what is not durable.
//! * An entry of a generation says all about its session but the records and attempts that lie below it.
//! * redb is read as of the last checkpoint that ended, never in the middle of one.
//! * Files of the log are freed after the commit of redb that covers them.

pub mod body;
pub mod checkpoint;
pub mod due;
pub mod generation;
pub mod recovery;
#[cfg(test)]
mod tests;
pub mod verify;

use std::{
    cell::RefCell,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use self::{checkpoint::Work, due::Dues, generation::Generation};
use super::{
    ChangeSet, Found, Store, StoreError, TakeSnapshot,
    background::{Background, Threads},
    disk::{Folder, RealFolder},
    log::{Log, Salt},
    redb::{OpenError, RedbStore},
};
use crate::{
    attempt::Attempt,
    caller::RequestName,
    ids::Index,
    session::{Due, Line, Session},
};

/// How large things grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Length of a file of the log, in bytes.
    pub segment_bytes: usize,
    /// A checkpoint begins when so many bytes were appended to the log since the last one began. When it is not done by
    /// the time that as many again were appended, commits wait for it.
    pub log_bytes: u64,
    /// Likewise for the bytes that the fresh generation takes in memory.
    pub memory_bytes: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            // Small enough to be made within a commit or two where it must be, large enough to be rarely changed.
            segment_bytes: 4 << 20,
            // Both bound what a host has to replay when it takes over: about a second's work. A commit takes a page at
            // least, so small ones fill the log long before memory, and while a checkpoint syncs redb, commits wait for the
            // same disk: with a quarter of this, 5,000 repeats a second had a checkpoint every two seconds, and their lag
            // at the 99th percentile was twice as long.
            log_bytes: 128 << 20,
            memory_bytes: 32 << 20,
        }
    }
}

impl Sizes {
    /// How many files of the log are kept in which nothing is needed: what is filled between two checkpoints, and a quarter more,
    /// for what is filled while the second is under way. Making one anew costs a write and a sync of all of it.
    fn free_segments_max(&self) -> usize {
        let between = usize::try_from(self.log_bytes).unwrap_or(usize::MAX) / self.segment_bytes.max(1);
        between.saturating_add(between.div_ceil(4))
    }
}

/// What to do about a log without files.
const LOG_GONE: &str =
    "the files of the log are gone, and the store needs them: put back the folder that lies beside it";

/// Where the log of the store in this file lies: `mpy6a.redb` has it in `mpy6a.redb-log`.
#[must_use]
pub fn log_folder(store: &Path) -> PathBuf {
    let mut folder = store.as_os_str().to_owned();
    folder.push("-log");
    PathBuf::from(folder)
}

/// Sessions in redb, with a log in front.
pub struct LoggedStore {
    base: RedbStore,
    folder: Arc<dyn Folder>,
    sizes: Sizes,
    /// Open once the store was taken over.
    log: Option<Log>,
    /// What the log's checksums are keyed with: the store's own, once it was taken over; until then, what a store that never
    /// had a log would get.
    salt: Salt,
    fresh: Generation,
    frozen: Option<Arc<Generation>>,
    work: Work,
    dues: RefCell<Dues>,
    buffer: Vec<u8>,
    /// Something could not be written. What that left behind nobody knows, so nothing is written after it.
    failed: bool,
}

impl fmt::Debug for LoggedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedStore").field("log", &self.log).finish_non_exhaustive()
    }
}

impl LoggedStore {
    /// A store over this one, with its log in this folder. `fresh_salt`: random bits, used if the store never had a log.
    #[must_use]
    pub fn new(
        base: RedbStore,
        folder: Arc<dyn Folder>,
        background: Box<dyn Background>,
        sizes: Sizes,
        fresh_salt: Salt,
    ) -> Self {
        Self {
            base,
            folder,
            sizes,
            log: None,
            salt: fresh_salt,
            fresh: Generation::default(),
            frozen: None,
            work: Work::new(background),
            dues: RefCell::default(),
            buffer: Vec::new(),
            failed: false,
        }
    }

    /// The store in this file, made where there is none, with its log in a folder beside it: see [`log_folder`].
    ///
    /// `cache_bytes`: the most memory that redb may keep pages in.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. What is wrong with the log shows when the store is taken over.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let base = RedbStore::open(path, cache_bytes)?;
        let folder = RealFolder::new(log_folder(path));
        folder.close()?;
        // redb's lock is taken: nobody else makes files there.
        folder.tidy().map_err(|source| OpenError::Io { path: log_folder(path), source })?;
        Ok(Self::new(base, Arc::new(folder), Box::new(Threads::default()), Sizes::default(), Salt(rand::random())))
    }

    /// The generations, the newer one first.
    fn generations(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.fresh).chain(self.frozen.as_deref())
    }

    /// Do something after which, if it fails, nothing may be done any more.
    fn unless_failed<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Io("it failed before; restart the host".into()));
        }
        let result = work(self);
        self.failed = result.is_err();
        result
    }

    fn log(&mut self) -> Result<&mut Log, StoreError> {
        self.log.as_mut().ok_or_else(|| StoreError::Io("the store was not taken over yet, or is closed".into()))
    }
}

impl Store for LoggedStore {
    fn take_over(&mut self) -> Result<Found, StoreError> {
        self.recover()?;
        self.base.take_over()
    }

    fn session(&self, id: Index) -> Result<Option<Session>, StoreError> {
        match self.generations().find_map(|generation| generation.get(id)) {
            Some(change) => Ok(change.after.clone()),
            None => self.base.session(id),
        }
    }

    fn opened_by(&self, name: &RequestName) -> Result<Option<Index>, StoreError> {
        match self.generations().find_map(|generation| generation.opened_by(name)) {
            Some(id) => Ok(Some(id)),
            None => self.base.opened_by(name),
        }
    }

    fn records(&self, session: &Session) -> Result<Vec<Bytes>, StoreError> {
        let mut layers = Vec::new();
        // The session as the layer below has it; none where nothing of its records comes from there.
        let mut below = Some(session);
        for generation in self.generations() {
            let Some(change) = below.and_then(|session| generation.get(session.id)) else { continue };
            layers.push(&change.records.append);
            below = change.before.as_ref().filter(|_| change.after.is_some() && !change.records.clear);
        }
        let mut records = below.map_or(Ok(Vec::new()), |session| self.base.records(session))?;
        records.extend(layers.into_iter().rev().flatten().cloned());
        let expected = usize::try_from(session.records).unwrap_or(usize::MAX);
        if records.len() != expected {
            let (id, found) = (session.id, records.len());
            return Err(StoreError::Damaged(format!("session {id} has {found} records instead of {expected}")));
        }
        Ok(records)
    }

    fn attempts(&self, session: &Session) -> Result<Vec<Attempt>, StoreError> {
        let layers: Vec<_> = self.generations().filter_map(|generation| generation.get(session.id)).collect();
        let mut attempts = self.base.attempts(session)?;
        let Some(newest) = layers.first() else { return Ok(attempts) };
        let kept = newest.after.as_ref().map_or(0, |session| usize::try_from(session.attempts).unwrap_or(usize::MAX));
        attempts.extend(layers.iter().rev().flat_map(|change| &change.attempts).cloned());
        // One may be of an earlier run than those below, so they are put in order.
        attempts.sort_by_key(|attempt| attempt.fence);
        attempts.drain(..attempts.len().saturating_sub(kept));
        Ok(attempts)
    }

    fn due(&self, kind: u32, until_ms: u64, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError> {
        self.dues.borrow_mut().first(self, kind, until_ms, count_max)
    }

    fn waiting(
        &self,
        kind: u32,
        line: Line,
        after: Option<Due>,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError> {
        due::waiting(self, kind, line, after, count_max)
    }

    fn snapshot(&mut self, take: TakeSnapshot) -> Result<(), StoreError> {
        self.unless_failed(|store| {
            let last = store.log()?.last();
            store.work.wanted.push((last, take));
            store.look_after()
        })
    }

    fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError> {
        self.unless_failed(|store| {
            store.make_room()?;
            let mut buffer = std::mem::take(&mut store.buffer);
            body::encode(&changes, &mut buffer)?;
            store.log()?.append(&buffer)?;
            store.buffer = buffer;
            store.fresh.merge(changes);
            store.look_after()
        })
    }

    fn poll(&mut self) -> Result<Option<Duration>, StoreError> {
        self.unless_failed(Self::look_after)?;
        Ok(self.work.next_look())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.unless_failed(Self::settle)
    }
}
