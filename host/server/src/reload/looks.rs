//! Decides from one look at the files after another whether they changed and lie still. Knows neither disk nor time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
};

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Of contents and of the inode, in seconds and nanoseconds: the second also changes when the first is set back.
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The files by name, each with its print if it exists.
pub type Prints = BTreeMap<PathBuf, Option<Print>>;

impl Print {
    /// Of a file with this metadata.
    pub fn of(it: &Metadata) -> Self {
        Self {
            device: it.dev(),
            inode: it.ino(),
            bytes: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        }
    }
}

/// What was seen, look by look.
#[derive(Debug)]
pub struct Looks {
    /// As last reported.
    pub seen: Prints,
    /// At the last look, where it was another.
    pub last: Option<Prints>,
}

/// What a look shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// All is as last reported.
    Same,
    /// Something changed; whether it lies still, the next look shows.
    Moving,
    /// These files changed, and were the same at two looks in a row.
    Changed(BTreeSet<PathBuf>),
}

impl Looks {
    /// Take in one more look.
    pub fn next(&mut self, now: Prints) -> Look {
        if now == self.seen {
            self.last = None;
            return Look::Same;
        }
        if self.last.as_ref() != Some(&now) {
            self.last = Some(now);
            return Look::Moving;
        }
        self.last = None;
        let differs = |(file, print): &(&PathBuf, &Option<Print>)| self.seen.get(*file) != Some(*print);
        let changed = now.iter().filter(differs).map(|(file, _)| file.clone()).collect();
        self.seen = now;
        Look::Changed(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_being_written_is_reported_once_it_lies_still() {
        let print = |bytes| Print { device: 1, inode: 1, bytes, modified: (0, 0), changed: (0, 0) };
        let at = |bytes| Prints::from([("a".into(), Some(print(bytes))), ("b".into(), None)]);
        let mut looks = Looks { seen: at(0), last: None };
        let seen: Vec<Look> = [0, 1, 2, 3, 3, 3].map(|bytes| looks.next(at(bytes))).into();
        let changed = Look::Changed(["a".into()].into());
        assert_eq!(seen, [Look::Same, Look::Moving, Look::Moving, Look::Moving, changed, Look::Same]);
    }

    #[test]
    fn a_file_put_back_as_it_was_is_no_change() {
        let at = |bytes| {
            let print = Print { device: 1, inode: 1, bytes, modified: (0, 0), changed: (0, 0) };
            Prints::from([("a".into(), Some(print))])
        };
        let mut looks = Looks { seen: at(0), last: None };
        let seen: Vec<Look> = [1, 0, 1, 1].map(|bytes| looks.next(at(bytes))).into();
        assert_eq!(seen, [Look::Moving, Look::Same, Look::Moving, Look::Changed(["a".into()].into())]);
    }
}
