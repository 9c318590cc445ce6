//! Backups and the verification of stores: a copy of a busy store is whole and can be served from, and what is damaged is found
//! and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use mpy6a_sessions::{
    Environment, Handle, KindPolicy, Kinds, Limits, New, SessionOp, Sessions, StateName, start,
    store::{
        Store as _,
        logged::{self, LoggedStore},
        redb::{BackupError, RESTORED_TERMS, RedbStore, Verified},
    },
};
use redb::{Database, ReadableTable as _, TableDefinition};
use tempfile::TempDir;

const CACHE_BYTES: usize = 16 << 20;

type ById = TableDefinition<'static, [u8; 16], &'static [u8]>;
const HELD: ById = TableDefinition::new("held");
const WAITING: ById = TableDefinition::new("waiting");
const RECORDS: TableDefinition<'static, [u8; 20], &[u8]> = TableDefinition::new("records");
const DUE: TableDefinition<'static, [u8; 28], [u8; 16]> = TableDefinition::new("due");
const PARKED: TableDefinition<'static, [u8; 28], [u8; 16]> = TableDefinition::new("parked");
const COUNTS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("counts");

fn kinds() -> Kinds {
    Kinds([(1, KindPolicy { lease_ms: 3_600_000, jitter_ms: 0, ..KindPolicy::default() })].into())
}

fn serve(path: &Path) -> Sessions {
    let store = LoggedStore::open(path, CACHE_BYTES).unwrap();
    start(store, Limits::default(), kinds(), Environment::real()).unwrap().sessions
}

async fn open(sessions: &Sessions, record: &'static str) -> Handle {
    let new = New { kind: 1, record: Some(Bytes::from_static(record.as_bytes())), ..New::default() };
    sessions.open(new).await.unwrap().handle
}

/// A store with two active sessions, two stored and one parked, five records in all; stopped.
async fn some(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("store.redb");
    let sessions = serve(&path);
    for _ in 0..2 {
        open(&sessions, "active").await;
    }
    for park in [false, false, true] {
        let stored = open(&sessions, "stored").await;
        sessions.operate(stored, 0, SessionOp::Store { timeout_s: Some(3_600) }).await.unwrap();
        if park {
            let request = mpy6a_sessions::AdminRequest {
                id: stored.id,
                op: mpy6a_sessions::AdminOp::Park,
                unchanged_since: None,
                force: false,
            };
            sessions.administer(vec![request]).await.remove(0).unwrap();
        }
    }
    let _ = sessions.stop().await;
    path
}

fn verify(path: &Path) -> Verified {
    logged::verify::verify(path).unwrap()
}

#[tokio::test]
async fn a_store_that_is_right_is_told_by_its_numbers() {
    let folder = TempDir::new().unwrap();
    let path = some(&folder).await;
    let found = verify(&path);
    assert_eq!(found.wrong, [""; 0]);
    assert_eq!((found.held, found.stored, found.parked, found.records), (2, 2, 1, 5));
    assert_eq!(found.record_bytes, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_store_has_everything_that_was_acknowledged_before_it_and_can_be_served() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("store.redb"), folder.path().join("copy.redb"));
    let sessions = serve(&path);
    let mut before = Vec::new();
    for _ in 0..200 {
        before.push(open(&sessions, "before").await);
    }
    sessions.set_paused(1, true).await.unwrap();
    let busy = tokio::spawn({
        let sessions = sessions.clone();
        async move {
            loop {
                let handle = open(&sessions, "meanwhile").await;
                sessions.operate(handle, 0, SessionOp::Delete).await.unwrap();
            }
        }
    });
    let found = sessions.backup(copy.clone()).await.unwrap().unwrap();
    busy.abort();
    assert!(found.is_right() && found.held >= 200, "{found:?}");

    let restored = serve(&copy);
    assert_eq!(restored.term(), sessions.term() + RESTORED_TERMS + 1, "fences of the old store are behind");
    assert!(restored.pauses().await.unwrap().contains_key(&1));
    for handle in before {
        let it = restored.inspect(handle.id).await.unwrap().unwrap();
        assert_eq!((it.session.state.name(), &it.records[..]), (StateName::Active, &["before".into()][..]));
        restored.operate(handle, 1, SessionOp::Append("its client goes on".into())).await.unwrap();
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
}

#[tokio::test]
async fn a_backup_never_writes_over_a_file_and_leaves_nothing_behind_where_it_fails() {
    let folder = TempDir::new().unwrap();
    let sessions = serve(&folder.path().join("store.redb"));
    let taken = folder.path().join("taken");
    fs::write(&taken, "precious").unwrap();
    let refused = sessions.backup(taken.clone()).await.unwrap().unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(fs::read(&taken).unwrap(), b"precious");
    let nowhere = folder.path().join("nowhere/copy.redb");
    let refused = sessions.backup(nowhere).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("its folder exists"), "{refused}");
    open(&sessions, "it serves on").await;
}

#[tokio::test]
async fn files_of_the_old_log_are_not_taken_for_the_restored_stores() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("store.redb"), folder.path().join("copy.redb"));
    let sessions = serve(&path);
    open(&sessions, "before").await;
    sessions.backup(copy.clone()).await.unwrap().unwrap();
    open(&sessions, "after").await;
    let _ = sessions.stop().await;
    fs::rename(&copy, &path).unwrap();
    let error = LoggedStore::open(&path, CACHE_BYTES).unwrap().take_over().unwrap_err();
    assert!(!error.to_string().contains("damaged"), "{error}");
}

/// Change a closed store behind its back.
fn spoil(path: &Path, how: impl FnOnce(&redb::WriteTransaction)) -> String {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    how(&transaction);
    transaction.commit().unwrap();
    drop(database);
    let found = verify(path);
    assert!(!found.is_right());
    found.wrong.join("\n")
}

#[tokio::test]
async fn whatever_is_wrong_is_found_and_named() {
    type Spoil = fn(&redb::WriteTransaction);
    let cases: [(Spoil, &str); 8] = [
        (|it| assert!(it.open_table(WAITING).unwrap().pop_first().unwrap().is_some()), "which is not there"),
        (
            |it| assert!(it.open_table(DUE).unwrap().pop_first().unwrap().is_some()),
            "is stored, and is not listed as that",
        ),
        (
            |it| assert!(it.open_table(PARKED).unwrap().pop_first().unwrap().is_some()),
            "is parked, and is not listed as that",
        ),
        (
            |it| assert!(it.open_table(PARKED).unwrap().insert([7; 28], [7; 16]).unwrap().is_none()),
            "2 sessions are listed as parked, and 1 are",
        ),
        (
            |it| assert!(it.open_table(RECORDS).unwrap().pop_last().unwrap().is_some()),
            "has 0 records of 0 bytes, and should have 1 of 6",
        ),
        (|it| assert!(it.open_table(COUNTS).unwrap().pop_first().unwrap().is_some()), "are counted"),
        (flip_a_bit, "does not match its checksum"),
        (put_into_both, "among the held and among the waiting ones"),
    ];
    for (spoil_it, named) in cases {
        let folder = TempDir::new().unwrap();
        let path = some(&folder).await;
        let wrong = spoil(&path, spoil_it);
        assert!(wrong.contains(named), "{named:?} is not in:\n{wrong}");
    }
}

fn flip_a_bit(transaction: &redb::WriteTransaction) {
    let mut table = transaction.open_table(HELD).unwrap();
    let (key, mut value) = {
        let (key, value) = table.first().unwrap().unwrap();
        (key.value(), value.value().to_vec())
    };
    *value.last_mut().unwrap() ^= 1;
    table.insert(key, value.as_slice()).unwrap();
}

fn put_into_both(transaction: &redb::WriteTransaction) {
    let (key, value) = {
        let table = transaction.open_table(HELD).unwrap();
        let (key, value) = table.first().unwrap().unwrap();
        (key.value(), value.value().to_vec())
    };
    transaction.open_table(WAITING).unwrap().insert(key, value.as_slice()).unwrap();
}

#[tokio::test]
async fn a_damaged_store_makes_no_backup() {
    let folder = TempDir::new().unwrap();
    let path = some(&folder).await;
    spoil(&path, flip_a_bit);
    let mut store = RedbStore::open(&path, CACHE_BYTES).unwrap();
    let copy = folder.path().join("copy.redb");
    let (to, snapshot) = std::sync::mpsc::channel();
    store.snapshot(Box::new(move |snapshot| to.send(snapshot).unwrap())).unwrap();
    let refused = snapshot.recv().unwrap().write_to(&copy, [7; 16]).unwrap_err();
    assert!(matches!(refused, BackupError::Wrong(_)), "{refused}");
    assert!(!copy.exists());
}
