//! The logged store: the conformance suite, with sizes so small that checkpoints happen all the time; and what it says of
//! logs that are torn, damaged or another store's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use tempfile::TempDir;

use super::{LoggedStore, Sizes};
use crate::{
    ids::Index,
    rules::RecordsChange,
    session::{Session, State},
    store::{
        ChangeSet, SessionChange, Store, StoreError,
        background::Threads,
        conformance::{self, Disk, suite},
        disk::RealFolder,
        log::Salt,
        redb::RedbStore,
    },
};

const PAGE: u64 = 4096;

/// A store and its log in a folder of their own.
struct Files {
    folder: TempDir,
    sizes: Sizes,
}

impl Files {
    /// A checkpoint after each page or two of log.
    fn small() -> Self {
        Self::with(Sizes { segment_bytes: 16 << 10, log_bytes: 8 << 10, memory_bytes: 64 << 10 })
    }

    /// No checkpoint but at take-over.
    fn large() -> Self {
        Self::with(Sizes { segment_bytes: 64 << 10, log_bytes: 1 << 30, memory_bytes: 1 << 30 })
    }

    fn with(sizes: Sizes) -> Self {
        Self { folder: TempDir::new().unwrap(), sizes }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn store(&self) -> LoggedStore {
        let base = RedbStore::open(&self.folder.path().join("store.redb"), 16 << 20).unwrap();
        let folder = Arc::new(RealFolder::new(self.log()));
        LoggedStore::new(base, folder, Box::new(Threads::default()), self.sizes, Salt(rand::random()))
    }

    fn host(&self) -> LoggedStore {
        let mut store = self.store();
        store.take_over().unwrap();
        store
    }

    fn refused(&self) -> String {
        match self.store().take_over() {
            Err(error @ (StoreError::Damaged(_) | StoreError::Foreign(_))) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn segment(&self) -> fs::File {
        fs::OpenOptions::new().read(true).write(true).open(self.log().join("00000001.log")).unwrap()
    }
}

impl Disk for Files {
    fn open(&mut self) -> Box<dyn Store> {
        Box::new(self.store())
    }
}

mod small {
    use super::*;
    suite!(Files::small());
}

mod large {
    use super::*;
    suite!(Files::large());
}

fn index(index: u64) -> Index {
    Index { term: 1, index }
}

/// Commit a session with this record.
fn put(store: &mut LoggedStore, id: u64, record: &'static [u8]) -> Session {
    let after = Session { records: 1, ..conformance::session(id, 7, State::Active) };
    let records = RecordsChange { clear: false, append: vec![Bytes::from_static(record)] };
    let change = SessionChange { records, ..conformance::change(None, Some(&after)) };
    store.commit(ChangeSet { last: index(id), sessions: vec![change], ..ChangeSet::default() }).unwrap();
    after
}

fn flip(file: &fs::File, at: u64) {
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
}

/// Overwrite a sector of the log's first file, counted in the file, with zeros: as if it had never been written.
fn lose_sector(files: &Files, sector: u64) {
    files.segment().write_all_at(&[0; 512], sector * 512).unwrap();
}

/// Three commits, of a page each, and then the host dies.
fn three_commits() -> (Files, Vec<Session>) {
    let files = Files::large();
    let mut store = files.host();
    let sessions = (1..=3).map(|id| put(&mut store, id, b"intent")).collect();
    (files, sessions)
}

fn found(files: &Files, sessions: &[Session]) -> Vec<bool> {
    let store = files.host();
    sessions.iter().map(|session| store.session(session.id).unwrap().as_ref() == Some(session)).collect()
}

#[test]
fn what_is_only_in_the_log_is_found_again_and_again() {
    let (files, sessions) = three_commits();
    for _ in 0..3 {
        assert_eq!(found(&files, &sessions), [true; 3]);
    }
    let store = files.host();
    assert_eq!(store.records(&sessions[2]).unwrap(), ["intent"]);
}

#[test]
fn a_torn_tail_is_cut_whichever_sectors_are_lost() {
    // Page 3 holds the third commit.
    for lost in 1_u64..256 {
        let (files, sessions) = three_commits();
        (0..8).filter(|sector| lost & 1 << sector != 0).for_each(|sector| lose_sector(&files, 3 * 8 + sector));
        assert_eq!(found(&files, &sessions), [true, true, false], "sectors {lost:08b}");
        let mut store = files.host();
        let again = put(&mut store, 4, b"after");
        drop(store);
        assert_eq!(found(&files, &[sessions[1].clone(), again]), [true, true], "sectors {lost:08b}");
    }
}

#[test]
fn a_lost_sector_in_the_middle_is_damage() {
    for sector in 8..3 * 8 {
        let (files, _) = three_commits();
        lose_sector(&files, sector);
        let said = files.refused();
        assert!(said.contains("in the log is") && said.contains("later one is there"), "sector {sector}: {said}");
        assert!(said.contains("restore a backup"), "{said}");
    }
}

#[test]
fn a_flipped_bit_in_any_needed_sector_is_damage() {
    for sector in 8..4 * 8 {
        let (files, _) = three_commits();
        flip(&files.segment(), sector * 512 + 37 * (sector % 13));
        assert!(files.refused().contains("in the log"), "sector {sector}");
    }
}

#[test]
fn a_page_of_garbage_where_the_next_commit_would_be_is_damage() {
    let (files, _) = three_commits();
    files.segment().write_all_at(&[0xAA; 4096], 4 * PAGE).unwrap();
    assert!(files.refused().contains("commit 4 in the log may have been there and is damaged"));
    // Farther on nothing can have been.
    let (files, sessions) = three_commits();
    files.segment().write_all_at(&[0xAA; 4096], 5 * PAGE).unwrap();
    assert_eq!(found(&files, &sessions), [true; 3]);
}

#[test]
fn a_number_that_was_torn_is_not_used_again() {
    let (files, sessions) = three_commits();
    let mut torn = vec![0; 4096];
    files.segment().read_exact_at(&mut torn, 3 * PAGE).unwrap();
    lose_sector(&files, 3 * 8);
    assert_eq!(found(&files, &sessions), [true, true, false]);
    let mut store = files.host();
    let later = put(&mut store, 9, b"later");
    drop(store);
    // The sectors that the tear had left behind come to light again.
    files.segment().write_all_at(&torn, 3 * PAGE).unwrap();
    assert_eq!(found(&files, &[sessions[2].clone(), later]), [false, true]);
}

#[test]
fn files_of_another_store_missing_files_and_strange_files_are_refused_by_name() {
    let (files, _) = three_commits();
    let (other, _) = three_commits();
    let name = "00000001.log";
    let (here, there) = (files.log().join(name), other.log().join(name));
    let own = fs::read(&here).unwrap();
    fs::copy(&there, &here).unwrap();
    let said = files.refused();
    assert!(said.contains("belongs to another store") && !said.contains("backup"), "{said}");
    fs::write(&here, "not a log").unwrap();
    assert!(files.refused().contains("is 9 bytes long"));
    fs::write(&here, vec![7; 64 << 10]).unwrap();
    let said = files.refused();
    assert!(said.contains("of another version or of another program") && !said.contains("backup"), "{said}");
    fs::write(&here, &own).unwrap();
    flip(&files.segment(), 20);
    assert!(files.refused().contains("header"));
    let aside = files.folder.path().join("aside");
    fs::rename(files.log(), &aside).unwrap();
    assert!(files.refused().contains("put back the folder"));
    fs::rename(&aside, files.log()).unwrap();
    fs::write(&here, &own).unwrap();
    files.host();
    fs::write(files.log().join("notes.txt"), "a stranger's file is left alone").unwrap();
    files.host();
}

#[test]
fn an_older_copy_of_the_store_is_not_mistaken_for_the_present_one() {
    let files = Files::small();
    let path = files.folder.path().join("store.redb");
    drop(files.host());
    let copy = fs::read(&path).unwrap();
    let mut store = files.host();
    (1..50).for_each(|id| drop(put(&mut store, id, b"intent")));
    drop(store);
    fs::write(&path, copy).unwrap();
    assert!(files.refused().contains("in the log is missing, though a later one is there"));
}

#[test]
fn after_closing_the_log_may_go() {
    let files = Files::large();
    let mut store = files.host();
    let session = put(&mut store, 1, b"intent");
    store.close().unwrap();
    drop(store);
    fs::remove_dir_all(files.log()).unwrap();
    assert_eq!(found(&files, &[session]), [true]);
}

#[test]
fn a_commit_larger_than_a_file_gets_one_of_its_own() {
    let files = Files::small();
    let mut store = files.host();
    let record: &'static [u8] = vec![5; 100_000].leak();
    let sessions: Vec<_> = (1..=5).map(|id| put(&mut store, id, record)).collect();
    drop(store);
    assert_eq!(found(&files, &sessions), [true; 5]);
    let store = files.host();
    assert_eq!(store.records(&sessions[4]).unwrap()[0], record);
}

#[test]
fn the_log_does_not_grow_without_end() {
    let files = Files::small();
    let mut store = files.host();
    (1..400).for_each(|id| drop(put(&mut store, id, b"intent")));
    let bytes: u64 = files.log_files().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes <= 12 * (16 << 10), "{bytes}");
}

impl Files {
    fn log_files(&self) -> impl Iterator<Item = PathBuf> {
        fs::read_dir(self.log()).unwrap().map(|entry| entry.unwrap().path())
    }
}

#[test]
fn log_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (files, _) = three_commits();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    files.log_files().for_each(|path| assert_eq!(mode(&path), 0o600));
    assert_eq!(mode(&files.log()), 0o700);
}

#[test]
fn a_log_folder_that_was_open_to_others_is_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.redb");
    let log = super::log_folder(&path);
    fs::create_dir(&log).unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o775)).unwrap();
    LoggedStore::open(&path, 16 << 20).unwrap();
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_a_host_was_making_when_it_died_is_removed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.redb");
    let log = super::log_folder(&path);
    fs::create_dir(&log).unwrap();
    fs::write(log.join("00000003.log.unfinished"), "half a file").unwrap();
    LoggedStore::open(&path, 16 << 20).unwrap().take_over().unwrap();
    assert!(!log.join("00000003.log.unfinished").exists());
    assert!(log.join("00000001.log").exists());
}
