//! What the system says of the store's files and of their disk. It may take its time: never asked on an async thread.

use std::{fs, path::Path};

use mpy6a_sessions::store::logged::log_folder;
use rustix::fs::statvfs;

/// The store's files and their disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Length of the database file.
    pub tree: u64,
    /// Length of all files of the log.
    pub log: u64,
    /// Room on the disk, for the host's user.
    pub free: u64,
    /// Size of the disk.
    pub size: u64,
}

impl Disk {
    /// As it is now. `store`: the database file.
    #[must_use]
    pub fn read(store: &Path) -> Option<Self> {
        let disk = statvfs(store).ok()?;
        let blocks = |count: u64| count.saturating_mul(disk.f_frsize);
        let tree = fs::metadata(store).ok()?.len();
        let entries = fs::read_dir(log_folder(store)).into_iter().flatten().flatten();
        let log = entries.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum();
        Some(Self { tree, log, free: blocks(disk.f_bavail), size: blocks(disk.f_blocks) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_are_measured_and_so_is_their_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("s.redb");
        assert_eq!(Disk::read(&store), None);
        fs::write(&store, [0; 5]).unwrap();
        fs::create_dir(log_folder(&store)).unwrap();
        for name in ["1", "2"] {
            fs::write(log_folder(&store).join(name), [0; 7]).unwrap();
        }
        let Disk { tree, log, free, size } = Disk::read(&store).unwrap();
        assert_eq!((tree, log), (5, 14));
        assert!(free <= size && size > 0);
    }
}
