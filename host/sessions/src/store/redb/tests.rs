//! The redb store: the conformance suite, and what it says of files that are not its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use ::redb::{Database, TableDefinition};
use tempfile::TempDir;

use super::{OpenError, RedbStore, meta, sessions};
use crate::store::{
    Store, StoreError,
    conformance::{Disk, suite},
};

const CACHE_BYTES: usize = 16 << 20;

struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.redb")
    }

    fn error(&self) -> OpenError {
        open(&self.path()).err().expect("it opened")
    }
}

impl Disk for File {
    fn open(&mut self) -> Box<dyn Store> {
        Box::new(open(&self.path()).unwrap())
    }
}

fn open(path: &Path) -> Result<RedbStore, OpenError> {
    RedbStore::open(path, CACHE_BYTES)
}

suite!(File::new());

#[test]
fn another_programs_file_is_refused_and_left_as_it_is() {
    let file = File::new();
    for content in ["just a text, and a long one", "x"] {
        std::fs::write(file.path(), content).unwrap();
        assert!(matches!(file.error(), OpenError::OtherProgram(_)));
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), content);
    }
}

#[test]
fn a_redb_file_of_another_program_is_refused() {
    let file = File::new();
    let database = Database::create(file.path()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u32, u32>::new("theirs")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(file.error(), OpenError::OtherProgram(_)));
}

#[test]
fn a_store_of_another_version_is_refused_by_name() {
    let mut file = File::new();
    drop(file.open());
    let database = Database::open(file.path()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(meta::META).unwrap().insert(meta::FORMAT_KEY, &b"mpy6a store 9"[..]).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = file.error().to_string();
    assert!(error.contains("\"mpy6a store 9\"") && error.contains("use the version of mpy6a"), "{error}");
}

#[test]
fn a_second_host_on_the_same_file_is_refused() {
    let mut file = File::new();
    let _first = file.open();
    assert!(matches!(file.error(), OpenError::InUse(_)));
}

#[test]
fn a_host_that_died_while_it_made_the_file_is_in_nobodys_way() {
    let mut file = File::new();
    let aside = file.folder.path().join("store.redb-unfinished-0123456789abcdef");
    std::fs::write(&aside, [0; 100]).unwrap();
    drop(file.open());
    assert!(!aside.exists(), "what it left is removed");
    let left: Vec<_> = std::fs::read_dir(file.folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn hosts_that_start_at_once_make_one_store() {
    for _ in 0..20 {
        let file = File::new();
        let path = file.path();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path).map(|store| (store, ())))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1);
        let refused = opened.iter().filter_map(|opened| opened.as_ref().err());
        refused.for_each(|error| assert!(matches!(error, OpenError::InUse(_)), "{error}"));
    }
}

#[test]
fn an_empty_file_is_filled_and_one_of_zeros_left_as_it_is() {
    let mut file = File::new();
    std::fs::write(file.path(), "").unwrap();
    drop(file.open());
    std::fs::write(file.path(), [0; 9000]).unwrap();
    assert!(matches!(file.error(), OpenError::OtherProgram(_)));
    assert_eq!(std::fs::read(file.path()).unwrap(), [0; 9000]);
}

#[test]
fn a_missing_folder_and_a_folder_in_its_place_are_named() {
    let file = File::new();
    let error = open(&file.path().join("store.redb")).err().unwrap();
    assert!(matches!(error, OpenError::Io { .. }) && error.to_string().contains("its folder exists"), "{error}");
    std::fs::create_dir(file.path()).unwrap();
    assert!(matches!(file.error(), OpenError::Io { .. }));
}

#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut file = File::new();
    drop(file.open());
    assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_cut_short_is_refused_and_never_served() {
    let mut file = File::new();
    let mut store = file.open();
    store.take_over().unwrap();
    drop(store);
    let whole = std::fs::read(file.path()).unwrap();
    std::fs::write(file.path(), &whole[..whole.len() / 3]).unwrap();
    assert!(matches!(file.error(), OpenError::Damaged { .. } | OpenError::Io { .. }));
}

#[test]
fn a_damaged_row_is_found_when_it_is_read() {
    let mut file = File::new();
    drop(file.open());
    let database = Database::open(file.path()).unwrap();
    let transaction = database.begin_write().unwrap();
    let id = crate::ids::Index { term: 1, index: 2 };
    transaction.open_table(sessions::HELD).unwrap().insert(id.to_bytes(), &[1, 2, 3, 4, 5, 6, 7][..]).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = file.open().session(id).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(what) if what.contains("checksum")), "{error}");
}
