//! Notices that files changed: the config and the plugins.
//!
//! It looks at them several times a second, by name. That costs microseconds, and it sees what notifications of the
//! file system miss or need care to see: files that are replaced by renaming, symlinks whose target changes, network
//! and overlay file systems, a file that did not exist. It also spares the folder of a busy database a stream of
//! events.
//!
//! A change is reported when the files have lain still: a plugin for [`SETTLE`], so that a file being copied is read once and whole;
//! the config and the files of certificates for [`CONFIG_SETTLE`], since half of one may be a whole one to every reader. What changed
//! together is reported together, but a file that keeps changing keeps back no other for longer than that. A write that
//! stalls for longer is read too early. Half a plugin does not load and keeps the old version in service, and the next write is the
//! next change; of half a config see [`Config::within`](crate::config::Config::within). For certainty pin `sha256`, or rename the
//! finished file into place.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::{task, time};

use super::looks::{Look, Looks, Print, Prints};
use crate::limits::{ASKED_SETTLE_MAX, POLL, SETTLE};

/// Watches a set of files.
#[derive(Debug)]
pub struct Watcher {
    /// With how long each has to lie still.
    files: BTreeMap<PathBuf, Duration>,
    looks: Looks,
}

impl Watcher {
    /// Watch these files, which have to lie still for so long each. Read them after this call, or a change in between is
    /// missed.
    pub async fn new(files: BTreeMap<PathBuf, Duration>) -> Self {
        let looks = Looks::new(prints(files.keys()).await);
        Self { files, looks }
    }

    /// Take it that this file has changed.
    pub fn distrust(&mut self, file: &Path) {
        self.looks.distrust(file);
    }

    /// Watch these files instead. Those that are new to the watcher are read after this call, as with [`Watcher::new`].
    pub async fn set_files(&mut self, files: BTreeMap<PathBuf, Duration>) {
        let fresh: Vec<&PathBuf> = files.keys().filter(|file| !self.files.contains_key(*file)).collect();
        self.looks.set_files(prints(fresh.into_iter()).await, |file| files.contains_key(file));
        self.files = files;
    }

    /// Wait until files have changed and lie still again; answers which. Dropping the future loses no change.
    pub async fn changed(&mut self) -> BTreeSet<PathBuf> {
        loop {
            match self.looks.next(prints(self.files.keys()).await, Instant::now(), &self.files) {
                Look::Same => time::sleep(POLL).await,
                Look::Moving => time::sleep(SETTLE).await,
                Look::Changed(files) => return files,
            }
        }
    }

    /// Wait until these files were the same at two looks, [`SETTLE`] apart, but no longer than [`ASKED_SETTLE_MAX`]. Answers those
    /// that changed to the end.
    pub async fn moving(&self, files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let until = Instant::now() + ASKED_SETTLE_MAX;
        let mut last = prints(files.iter()).await;
        loop {
            time::sleep(SETTLE).await;
            let now = prints(files.iter()).await;
            if now == last {
                return BTreeSet::new();
            }
            if Instant::now() >= until {
                return files.iter().filter(|file| now.get(*file) != last.get(*file)).cloned().collect();
            }
            last = now;
        }
    }
}

/// Look at the files, off the async threads: a dead network file system blocks whoever asks it.
async fn prints(files: impl Iterator<Item = &PathBuf>) -> Prints {
    let files: Vec<PathBuf> = files.cloned().collect();
    let look = move || {
        let print = |file: PathBuf| {
            let print = std::fs::metadata(&file).ok().map(|it| Print::of(&it));
            (file, print)
        };
        files.into_iter().map(print).collect()
    };
    // Fails when the runtime ends: nobody looks at the answer then.
    task::spawn_blocking(look).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, time::Duration};

    use super::*;

    async fn watch(folder: &Path, names: &[&str]) -> Watcher {
        Watcher::new(names.iter().map(|name| (folder.join(name), SETTLE)).collect()).await
    }

    async fn next(watcher: &mut Watcher) -> Vec<String> {
        let changed = time::timeout(Duration::from_secs(20), watcher.changed()).await.unwrap();
        changed.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[tokio::test]
    async fn sees_files_written_replaced_made_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "1").unwrap();
        fs::write(path("b"), "1").unwrap();
        let mut watcher = watch(folder.path(), &["a", "b", "c"]).await;

        fs::write(path("a"), "2").unwrap();
        assert_eq!(next(&mut watcher).await, ["a"], "written in place, at the same length");
        fs::write(path("aside"), "1").unwrap();
        fs::rename(path("aside"), path("b")).unwrap();
        assert_eq!(next(&mut watcher).await, ["b"], "replaced by a rename");
        fs::write(path("c"), "1").unwrap();
        fs::remove_file(path("a")).unwrap();
        assert_eq!(next(&mut watcher).await, ["a", "c"], "removed, and made");
    }

    #[tokio::test]
    async fn sees_the_target_of_a_symlink_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("v1"), "1").unwrap();
        fs::write(path("v2"), "1").unwrap();
        std::os::unix::fs::symlink(path("v1"), path("link")).unwrap();
        let mut watcher = watch(folder.path(), &["link"]).await;
        std::os::unix::fs::symlink(path("v2"), path("aside")).unwrap();
        fs::rename(path("aside"), path("link")).unwrap();
        assert_eq!(next(&mut watcher).await, ["link"]);
    }

    #[tokio::test]
    async fn a_change_made_between_two_calls_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "1").unwrap();
        let mut watcher = watch(folder.path(), &["a"]).await;
        fs::write(&file, "22").unwrap();
        // Cut off in the middle of its wait, as a `select!` does.
        assert!(time::timeout(SETTLE / 2, watcher.changed()).await.is_err());
        assert_eq!(next(&mut watcher).await, ["a"]);
    }
}
