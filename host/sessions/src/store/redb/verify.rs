//! Looking at everything in a store: every row, and whether the tables agree with one another.
//!
//! One walk in the order of ids, through sessions, records and attempts side by side, so that memory does not grow with the
//! store. What is wrong is gathered in words, not just the first of it: who restores wants to know how much.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    path::Path,
};

use redb::{
    AccessGuard, Builder, DatabaseError, Range, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    ReadableTableMetadata as _, StorageError,
};

use super::{
    LogState, OpenError, RedbStore, attempts, codec, due, io, meta,
    open::{Format, check_format, check_head, explain, guarded},
    overlay::Overlay,
    records, requests, sessions, tombstones,
};
use crate::{
    attempt::Attempt,
    ids::Index,
    session::{Line, Session},
    store::{StoreError, Waiting},
};

/// How many things that are wrong are put into words; the rest are counted.
const WORDED_MAX: usize = 100;

/// What was found in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Sessions that somebody holds.
    pub held: u64,
    /// Sessions that are stored.
    pub stored: u64,
    /// Sessions that are parked.
    pub parked: u64,
    /// Records of all of them.
    pub records: u64,
    /// The clients' bytes in those.
    pub record_bytes: u64,
    /// Attempts.
    pub attempts: u64,
    /// Commits in the log that the B-tree does not hold yet.
    pub logged: u64,
    /// What is wrong, the first hundred things of it.
    pub wrong: Vec<String>,
    /// How many more are.
    pub wrong_more: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Something is wrong.
    pub fn add(&mut self, what: impl Into<String>) {
        if self.wrong.len() < WORDED_MAX {
            self.wrong.push(what.into());
        } else {
            self.wrong_more += 1;
        }
    }
}

type Sessions = Range<'static, [u8; Index::BYTES], &'static [u8]>;
type Records = Range<'static, [u8; records::KEY_BYTES], &'static [u8]>;
type Attempts = Range<'static, [u8; attempts::KEY_BYTES], &'static [u8]>;

/// The walk.
struct Walk {
    found: Verified,
    records: Peekable<Records>,
    attempts: Peekable<Attempts>,
    due: due::Reading,
    parked: due::Reading,
    requests: requests::Reading,
    /// How many sessions are listed under the `New` that opened them.
    named: u64,
    last: Index,
    waiting: BTreeMap<u32, Waiting>,
}

/// Look at everything in this file, and change nothing; also what it says of its log.
///
/// # Errors
///
/// If the file is none of ours, is in use, or cannot be read. What is damaged in it is no error: it is found.
pub fn verify(path: &Path) -> Result<(Verified, Option<LogState>), OpenError> {
    // redb panics over some damaged pages. That is damage like any other.
    guarded(path, || {
        check_head(path)?;
        match ReadOnlyDatabase::open(path) {
            Ok(database) if check_format(path, &database)? == Format::Today => look(path, &database),
            // Of an earlier format: it is looked at as this program turns it into its own.
            Ok(database) => {
                drop(database);
                look_aside(path)
            }
            // A host was killed over it. Nobody has it open, or that would be the error.
            Err(DatabaseError::RepairAborted) => look_aside(path),
            Err(error) => Err(explain(path, error)),
        }
    })
}

/// Look at a file that has to be changed before it can be walked: all changes are kept in memory.
fn look_aside(path: &Path) -> Result<(Verified, Option<LogState>), OpenError> {
    let fail = |source| OpenError::Io { path: path.to_owned(), source };
    let database = Builder::new().create_with_backend(Overlay::open(path).map_err(fail)?);
    let database = database.map_err(|error| explain(path, error))?;
    if check_format(path, &database)? == Format::Today {
        return look(path, &database);
    }
    let upgraded = RedbStore::prepare(database).map_err(|error| explain(path, error.into()))?;
    look(path, &*upgraded.database)
}

fn look(path: &Path, database: &impl ReadableDatabase) -> Result<(Verified, Option<LogState>), OpenError> {
    let transaction = database.begin_read().map_err(|error| explain_read(path, io(error)))?;
    walk(&transaction).map_err(|error| explain_read(path, error))
}

impl RedbStore {
    /// Look at everything in a store that is open.
    ///
    /// # Errors
    ///
    /// If it cannot be read. What is damaged is no error: it is found.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let transaction = self.database.begin_read().map_err(io)?;
        walk(&transaction).map(|(found, _)| found)
    }
}

fn explain_read(path: &Path, error: StoreError) -> OpenError {
    let path = path.to_owned();
    match error {
        StoreError::Damaged(what) => OpenError::Damaged { path, what },
        error => OpenError::Io { path, source: std::io::Error::other(error) },
    }
}

fn walk(transaction: &ReadTransaction) -> Result<(Verified, Option<LogState>), StoreError> {
    let held = transaction.open_table(sessions::HELD).map_err(io)?;
    let waiting = transaction.open_table(sessions::WAITING).map_err(io)?;
    let records = transaction.open_table(records::RECORDS).map_err(io)?;
    let attempts = transaction.open_table(attempts::ATTEMPTS).map_err(io)?;
    let mut walk = Walk {
        found: Verified::default(),
        records: records.range::<[u8; records::KEY_BYTES]>(..).map_err(io)?.peekable(),
        attempts: attempts.range::<[u8; attempts::KEY_BYTES]>(..).map_err(io)?.peekable(),
        due: transaction.open_table(due::DUE).map_err(io)?,
        parked: transaction.open_table(due::PARKED).map_err(io)?,
        requests: transaction.open_table(requests::REQUESTS).map_err(io)?,
        named: 0,
        last: Index { term: u64::MAX, index: u64::MAX },
        waiting: BTreeMap::new(),
    };
    let log = walk.small_tables(transaction)?;
    let held = held.range::<[u8; Index::BYTES]>(..).map_err(io)?;
    let waiting = waiting.range::<[u8; Index::BYTES]>(..).map_err(io)?;
    let walked = walk.sessions(held, waiting).and_then(|()| walk.rest());
    // Where the walk ended early, what it did not come to would all be called wrong.
    if walk.readable(walked)?.is_some() {
        let counts = meta::counts(&transaction.open_table(meta::COUNTS).map_err(io)?);
        let counts = walk.readable(counts)?;
        walk.compare_counts(&counts.unwrap_or_default());
    }
    Ok((walk.found, log))
}

impl Walk {
    /// A value, unless it is damaged: then that is found.
    fn readable<T>(&mut self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Damaged(what)) => {
                self.found.add(what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn small_tables(&mut self, transaction: &ReadTransaction) -> Result<Option<LogState>, StoreError> {
        let table = transaction.open_table(meta::META).map_err(io)?;
        if let Some(last) = self.readable(meta::last(&table))? {
            self.last = last;
        }
        self.readable(meta::time(&table))?;
        let log = self.readable(meta::log(&table))?.flatten();
        self.readable(meta::pauses(&transaction.open_table(meta::PAUSES).map_err(io)?))?;
        self.readable(tombstones::all(&transaction.open_table(tombstones::TOMBSTONES).map_err(io)?))?;
        Ok(log)
    }

    /// Every session of both tables, in the order of ids.
    fn sessions(&mut self, held: Sessions, waiting: Sessions) -> Result<(), StoreError> {
        let (mut held, mut waiting) = (held.peekable(), waiting.peekable());
        let mut before = None;
        loop {
            let (first, second) = (next_key(&mut held)?, next_key(&mut waiting)?);
            let from_held = match (first, second) {
                (None, None) => return Ok(()),
                (Some(first), Some(second)) => first <= second,
                (first, _) => first.is_some(),
            };
            let row = if from_held { held.next() } else { waiting.next() };
            let Some((key, value)) = row.transpose().map_err(io)? else { continue };
            let id = Index::from_bytes(key.value());
            if before == Some(id) {
                self.found.add(format!("session {id} is among the held and among the waiting ones"));
            }
            before = Some(id);
            let decoded = sessions::decode(&key.value(), value.value());
            if let Some(session) = self.readable(decoded)? {
                self.session(id, &session, from_held)?;
            }
        }
    }

    fn session(&mut self, id: Index, session: &Session, from_held: bool) -> Result<(), StoreError> {
        if session.id != id {
            self.found.add(format!("session {} lies where session {id} should", session.id));
        }
        if session.state.is_held() != from_held {
            self.found.add(format!("session {id} is {}, and lies among the others", session.state.name()));
        }
        if session.change_id.index > self.last.index {
            self.found.add(format!(
                "session {id} was changed by {}, behind the last operation, {}",
                session.change_id, self.last
            ));
        }
        let waiting = self.waiting.entry(session.kind).or_default();
        match session.place() {
            None => self.found.held += 1,
            Some((Line::Stored, _)) => {
                (waiting.stored, self.found.stored) = (waiting.stored + 1, self.found.stored + 1)
            }
            Some((Line::Parked, _)) => {
                (waiting.parked, self.found.parked) = (waiting.parked + 1, self.found.parked + 1)
            }
        }
        if let Some((line, place)) = session.place() {
            let table = if line == Line::Stored { &self.due } else { &self.parked };
            let listed = table.get(due::key(session.kind, place)).map_err(io)?.map(|id| Index::from_bytes(id.value()));
            if listed != Some(id) {
                self.found.add(format!("session {id} is {}, and is not listed as that", session.state.name()));
            }
        }
        if let Some(by) = session.origin.request {
            match requests::get(&self.requests, &by.name)? {
                Some(listed) if listed == id => self.named += 1,
                // A later one has the name: earlier versions forgot while a session was live which request opened it.
                Some(listed) if listed > id => {}
                _ => self.found.add(format!("session {id} is not listed under the request that opened it")),
            }
        }
        self.records(session)?;
        self.attempts(session)
    }

    fn records(&mut self, session: &Session) -> Result<(), StoreError> {
        let (mut count, mut bytes) = (0_u32, 0);
        while let Some((id, number)) = self.records.peek().map(record_key).transpose()? {
            if id > session.id {
                break;
            }
            let Some((key, value)) = self.records.next().transpose().map_err(io)? else { break };
            if id < session.id {
                self.found.add(format!("record {number} is of session {id}, which is not there"));
                continue;
            }
            if number != count {
                self.found.add(format!("session {id} has record {number}, and not {count}"));
            }
            count = number.saturating_add(1);
            let record = codec::unseal("records", &key.value(), value.value()).map(<[u8]>::len);
            if let Some(length) = self.readable(record)? {
                bytes += length as u64;
                self.found.records += 1;
            }
        }
        self.found.record_bytes += bytes;
        if (count, bytes) != (session.records, session.bytes) {
            let (id, should, should_bytes) = (session.id, session.records, session.bytes);
            self.found.add(format!(
                "session {id} has {count} records of {bytes} bytes, and should have {should} of {should_bytes}"
            ));
        }
        Ok(())
    }

    fn attempts(&mut self, session: &Session) -> Result<(), StoreError> {
        let mut count = 0;
        while let Some((id, fence)) = self.attempts.peek().map(attempt_key).transpose()? {
            if id > session.id {
                break;
            }
            let Some((key, value)) = self.attempts.next().transpose().map_err(io)? else { break };
            if id < session.id {
                self.found.add(format!("an attempt is of session {id}, which is not there"));
                continue;
            }
            count += 1;
            let decoded = codec::decode::<Attempt>("attempts", &key.value(), value.value());
            if let Some(attempt) = self.readable(decoded)? {
                self.found.attempts += 1;
                if attempt.fence != fence {
                    self.found.add(format!("an attempt of session {id} lies where that of {fence} should"));
                }
            }
        }
        if count != session.attempts {
            self.found
                .add(format!("session {} has {count} attempts, and should have {}", session.id, session.attempts));
        }
        Ok(())
    }

    /// What belongs to no session.
    fn rest(&mut self) -> Result<(), StoreError> {
        while let Some((id, number)) = self.records.next().as_ref().map(record_key).transpose()? {
            self.found.add(format!("record {number} is of session {id}, which is not there"));
        }
        while let Some((id, _)) = self.attempts.next().as_ref().map(attempt_key).transpose()? {
            self.found.add(format!("an attempt is of session {id}, which is not there"));
        }
        // Each that waits was found in its line above: so if they are as many, there is none in it that does not wait.
        let lines = [
            (self.due.len().map_err(io)?, self.found.stored, "due"),
            (self.parked.len().map_err(io)?, self.found.parked, "parked"),
        ];
        for (rows, sessions, name) in lines {
            if rows != sessions {
                self.found.add(format!("{rows} sessions are listed as {name}, and {sessions} are"));
            }
        }
        let requests = self.requests.len().map_err(io)?;
        if requests != self.named {
            self.found.add(format!("{requests} requests are listed, and {} sessions were opened by one", self.named));
        }
        Ok(())
    }

    fn compare_counts(&mut self, counts: &BTreeMap<u32, Waiting>) {
        let kinds: BTreeSet<_> = counts.keys().chain(self.waiting.keys()).copied().collect();
        for kind in kinds {
            let counted = counts.get(&kind).copied().unwrap_or_default();
            let there = self.waiting.get(&kind).copied().unwrap_or_default();
            if counted != there {
                self.found.add(format!("of kind {kind} wait {there:?}, and {counted:?} are counted"));
            }
        }
    }
}

fn next_key(rows: &mut Peekable<Sessions>) -> Result<Option<[u8; Index::BYTES]>, StoreError> {
    match rows.peek() {
        None => Ok(None),
        Some(Ok((key, _))) => Ok(Some(key.value())),
        Some(Err(error)) => Err(StoreError::Damaged(error.to_string())),
    }
}

/// A row of a table, as its iterator gives it.
type Row<K> = Result<(AccessGuard<'static, K>, AccessGuard<'static, &'static [u8]>), StorageError>;

fn record_key(row: &Row<[u8; records::KEY_BYTES]>) -> Result<(Index, u32), StoreError> {
    match row {
        Ok((key, _)) => Ok(records::parse(&key.value())),
        Err(error) => Err(StoreError::Damaged(error.to_string())),
    }
}

fn attempt_key(row: &Row<[u8; attempts::KEY_BYTES]>) -> Result<(Index, Index), StoreError> {
    match row {
        Ok((key, _)) => Ok(attempts::parse(&key.value())),
        Err(error) => Err(StoreError::Damaged(error.to_string())),
    }
}
