//! Opening a file: is it ours, of a version that we know, and free?

use std::{
    io::{self, ErrorKind, Read as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use ::redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError};
use mpy6a_untrusted::{file, folder::FolderError};

use super::{
    RedbStore, attempts, due,
    make::{make, tidy},
    meta::{self, FORMAT, FORMAT_KEY, FORMATS_BEFORE},
    records, requests, sessions, tombstones, upgrade,
};
use crate::store::{StoreError, disk::forget_cached};

/// The store file cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{} is in use by another process: stop that host, or give this one a [store] path of its own", .0.display())]
    InUse(PathBuf),
    /// The file is no redb file, or not one of ours.
    #[error("{} is not a store of mpy6a, and was left as it is: correct [store] path, or move the file away", .0.display())]
    OtherProgram(PathBuf),
    /// A later or earlier version of this program wrote it.
    #[error("{} has the format \"{found}\", this program reads \"{known}\": use the version of mpy6a that wrote it", .path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        found: String,
        /// What this program knows.
        known: String,
    },
    /// The file is ours but cannot be read as a whole.
    #[error("{} is damaged ({what}): restore a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot open {}: {source}: check that its folder exists, is writable and has room", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folder of its log cannot be used.
    #[error("the log of the store: {0}")]
    Folder(#[from] FolderError),
}

/// The first bytes of every redb file (its design document, "Database header").
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

impl RedbStore {
    /// Open the store in this file, or make a new one where there is none.
    ///
    /// `cache_bytes`: the most memory that redb may keep pages in.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let head = check_head(path)?;
        if head == Head::Missing {
            make(path)?;
        }
        let store = guarded(path, || {
            let builder = Builder::new().set_cache_size(cache_bytes).create(path);
            let database = builder.map_err(|error| explain(path, error))?;
            if head != Head::Empty {
                check_format(path, &database)?;
            }
            Self::prepare(database).map_err(|error| explain(path, error.into()))
        })?;
        tidy(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(store)
    }

    /// A store over any storage that redb can use: memory, or a disk that fails when told to.
    ///
    /// # Errors
    ///
    /// What redb says of the storage, in words.
    pub fn over(storage: impl StorageBackend, cache_bytes: usize) -> Result<Self, String> {
        let mut builder = Builder::new();
        let database = builder.set_cache_size(cache_bytes).create_with_backend(storage).map_err(|e| e.to_string())?;
        Self::prepare(database).map_err(|e| e.to_string())
    }

    /// A store that is gone when it is dropped, for tests.
    ///
    /// # Errors
    ///
    /// What redb says, in words.
    pub fn in_memory() -> Result<Self, String> {
        Self::over(::redb::backends::InMemoryBackend::new(), 16 << 20)
    }

    /// Make every table, so that reading never meets a missing one.
    pub(super) fn prepare(database: Database) -> Result<Self, StorageError> {
        let fail = |error: ::redb::Error| match error {
            ::redb::Error::Io(error) => StorageError::Io(error),
            error => StorageError::Corrupted(error.to_string()),
        };
        let make = || -> Result<(), ::redb::Error> {
            let mut transaction = database.begin_write()?;
            transaction.set_two_phase_commit(true);
            transaction.set_quick_repair(true);
            let format = transaction.open_table(meta::META)?.insert(FORMAT_KEY, FORMAT)?.map(|it| it.value().to_vec());
            transaction.open_table(meta::COUNTS)?;
            transaction.open_table(meta::PAUSES)?;
            transaction.open_table(requests::REQUESTS)?;
            transaction.open_table(tombstones::TOMBSTONES)?;
            transaction.open_table(sessions::HELD)?;
            transaction.open_table(sessions::WAITING)?;
            transaction.open_table(records::RECORDS)?;
            transaction.open_table(due::DUE)?;
            transaction.open_table(attempts::ATTEMPTS)?;
            transaction.open_table(due::PARKED)?;
            if format.is_some_and(|format| FORMATS_BEFORE.contains(&format.as_slice())) {
                let upgraded = due::fill_parked(&transaction).and_then(|()| upgrade::memories(&transaction));
                upgraded.map_err(|error| match error {
                    StoreError::Damaged(what) => ::redb::Error::Corrupted(what),
                    error => ::redb::Error::Io(io::Error::other(error)),
                })?;
            }
            transaction.commit()?;
            Ok(())
        };
        make().map_err(fail)?;
        Ok(Self { database: Arc::new(database), reading: std::cell::OnceCell::new() })
    }
}

/// What there is before it is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// No file.
    Missing,
    /// A file without a byte in it: made by somebody for us.
    Empty,
    /// A redb file.
    Redb,
}

/// Look at the file's first bytes before redb does, so that another program's file is named as that and never touched.
pub(super) fn check_head(path: &Path) -> Result<Head, OpenError> {
    let fail = |source| OpenError::Io { path: path.to_owned(), source };
    let (mut file, _) = match file::open(path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Head::Missing),
        Err(error) => return Err(fail(error)),
    };
    let mut head = Vec::new();
    let magic_bytes = u64::try_from(REDB_MAGIC.len()).unwrap_or(u64::MAX);
    forget_cached(&file).map_err(fail)?;
    file.by_ref().take(magic_bytes).read_to_end(&mut head).map_err(fail)?;
    match head.as_slice() {
        [] => Ok(Head::Empty),
        head if head == REDB_MAGIC => Ok(Head::Redb),
        _ => Err(OpenError::OtherProgram(path.to_owned())),
    }
}

/// redb panics over some damaged files. That is damage like any other, and no reason to end without a word.
pub(super) fn guarded<T>(path: &Path, open: impl FnOnce() -> Result<T, OpenError>) -> Result<T, OpenError> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let what = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it cannot be read");
        Err(OpenError::Damaged { path: path.to_owned(), what: what.to_owned() })
    })
}

/// The format of a store that this program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// [`FORMAT`].
    Today,
    /// One of [`FORMATS_BEFORE`].
    Before,
}

/// Look whether a redb file is one of ours.
pub(super) fn check_format(path: &Path, database: &impl ReadableDatabase) -> Result<Format, OpenError> {
    let read = || -> Result<Option<Vec<u8>>, ::redb::Error> {
        let transaction = database.begin_read()?;
        // No table yet: a host died between making the file and its first commit.
        if transaction.list_tables()?.next().is_none() {
            return Ok(Some(FORMAT.to_vec()));
        }
        let table = match transaction.open_table(meta::META) {
            Ok(table) => table,
            Err(::redb::TableError::TableDoesNotExist(_) | ::redb::TableError::TableTypeMismatch { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(table.get(FORMAT_KEY)?.map(|value| value.value().to_vec()))
    };
    let found = read().map_err(|error| OpenError::Damaged { path: path.to_owned(), what: error.to_string() })?;
    match found {
        Some(format) if format == FORMAT => Ok(Format::Today),
        Some(format) if FORMATS_BEFORE.contains(&format.as_slice()) => Ok(Format::Before),
        Some(format) => Err(OpenError::OtherVersion {
            path: path.to_owned(),
            found: String::from_utf8_lossy(&format).into_owned(),
            known: String::from_utf8_lossy(FORMAT).into_owned(),
        }),
        None => Err(OpenError::OtherProgram(path.to_owned())),
    }
}

pub(super) fn explain(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::InUse(path),
        DatabaseError::UpgradeRequired(version) => OpenError::OtherVersion {
            path,
            found: format!("redb file format {version}"),
            known: String::from_utf8_lossy(FORMAT).into_owned(),
        },
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() != ErrorKind::InvalidData => {
            OpenError::Io { path, source }
        }
        error => OpenError::Damaged { path, what: error.to_string() },
    }
}
