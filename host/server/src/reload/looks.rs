//! Decides from one look at the files after another whether they changed and lie still. Knows neither disk nor clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::{Duration, Instant},
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
    /// Other than that, and since which look.
    pub last: Option<(Prints, Instant)>,
}

/// What a look shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// All is as last reported.
    Same,
    /// Something changed; whether it lies still, the next look shows.
    Moving,
    /// These files changed, and were the same at every look for as long as each has to lie still.
    Changed(BTreeSet<PathBuf>),
}

impl Looks {
    /// Take in one more look, at this time. `settle`: how long each file has to lie still. All that changed is reported together.
    pub fn next(&mut self, now: Prints, at: Instant, settle: &BTreeMap<PathBuf, Duration>) -> Look {
        if now == self.seen {
            self.last = None;
            return Look::Same;
        }
        let Some((_, since)) = self.last.as_ref().filter(|(last, _)| *last == now) else {
            self.last = Some((now, at));
            return Look::Moving;
        };
        let differs = |(file, print): &(&PathBuf, &Option<Print>)| self.seen.get(*file) != Some(*print);
        let changed: BTreeSet<PathBuf> = now.iter().filter(differs).map(|(file, _)| file.clone()).collect();
        let longest = changed.iter().filter_map(|file| settle.get(file)).max().copied().unwrap_or_default();
        if at.saturating_duration_since(*since) < longest {
            return Look::Moving;
        }
        self.last = None;
        self.seen = now;
        Look::Changed(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One look each tenth of a second.
    fn looks(mut looks: Looks, settle: &BTreeMap<PathBuf, Duration>, seen: &[Prints]) -> Vec<Look> {
        let began = Instant::now();
        let look = |(seen, tenth): (&Prints, u32)| looks.next(seen.clone(), began + tenth * TENTH, settle);
        seen.iter().zip(0..).map(look).collect()
    }

    const TENTH: Duration = Duration::from_millis(100);

    fn print(bytes: u64) -> Option<Print> {
        Some(Print { device: 1, inode: 1, bytes, modified: (0, 0), changed: (0, 0) })
    }

    #[test]
    fn a_file_being_written_is_reported_once_it_lies_still() {
        let at = |bytes| Prints::from([("a".into(), print(bytes)), ("b".into(), None)]);
        let settle = [("a".into(), TENTH), ("b".into(), 10 * TENTH)].into();
        let seen = looks(Looks { seen: at(0), last: None }, &settle, &[0, 1, 2, 3, 3, 3].map(at));
        let changed = Look::Changed(["a".into()].into());
        assert_eq!(seen, [Look::Same, Look::Moving, Look::Moving, Look::Moving, changed, Look::Same]);
    }

    #[test]
    fn a_file_put_back_as_it_was_is_no_change() {
        let at = |bytes| Prints::from([("a".into(), print(bytes))]);
        let settle = [("a".into(), TENTH)].into();
        let seen = looks(Looks { seen: at(0), last: None }, &settle, &[1, 0, 1, 1].map(at));
        assert_eq!(seen, [Look::Moving, Look::Same, Look::Moving, Look::Changed(["a".into()].into())]);
    }

    #[test]
    fn a_config_rewritten_with_pauses_is_reported_when_it_is_whole_and_with_all_that_changed_beside_it() {
        let at = |bytes| Prints::from([("config".into(), print(bytes)), ("plugin".into(), print(bytes.min(1)))]);
        let settle = [("config".into(), 10 * TENTH), ("plugin".into(), TENTH)].into();
        // Empty for 0.6 seconds, the first half for 0.6, then whole.
        let tenths = |bytes: u64, count: usize| std::iter::repeat_n(bytes, count);
        let written: Vec<Prints> =
            tenths(9, 1).chain(tenths(0, 6)).chain(tenths(5, 6)).chain(tenths(10, 11)).map(at).collect();
        let seen = looks(Looks { seen: at(9), last: None }, &settle, &written);
        assert_eq!(seen[0], Look::Same);
        assert!(seen[1..23].iter().all(|look| *look == Look::Moving), "{seen:?}");
        assert_eq!(seen[23], Look::Changed(["config".into()].into()));
        let both = [at(9), at(0), at(0), at(0)];
        let seen = looks(Looks { seen: at(9), last: None }, &settle, &both);
        assert_eq!(seen.last(), Some(&Look::Moving), "the plugin waits for the config beside it");
    }
}
