//! Decides from one look at the files after another whether they changed and lie still. Knows neither disk nor clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
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
    seen: Prints,
    /// The files that are other than that, each with the look since which it is so.
    changed: BTreeMap<PathBuf, (Option<Print>, Instant)>,
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
    /// From these files on.
    pub fn new(seen: Prints) -> Self {
        Self { seen, changed: BTreeMap::new() }
    }

    /// Take it that this file has changed.
    pub fn distrust(&mut self, file: &Path) {
        self.seen.remove(file);
    }

    /// Look at these files instead; what is new among them was seen as this.
    pub fn set_files(&mut self, fresh: Prints, is_one: impl Fn(&PathBuf) -> bool) {
        self.seen.extend(fresh);
        self.seen.retain(|file, _| is_one(file));
    }

    /// Take in one more look, at this time. `settle`: how long each file has to lie still.
    ///
    /// What changed together is reported together: a file that lies still waits for the others, but no longer than the slowest of them
    /// would need if it lay still as well. One that never does keeps back no other.
    pub fn next(&mut self, now: Prints, at: Instant, settle: &BTreeMap<PathBuf, Duration>) -> Look {
        self.changed = now.into_iter().filter_map(|(file, print)| self.changed_since(file, print, at)).collect();
        if self.changed.is_empty() {
            return Look::Same;
        }
        let needs = |file: &PathBuf| settle.get(file).copied().unwrap_or_default();
        let longest = self.changed.keys().map(needs).max().unwrap_or_default();
        // Seen at one look only, nothing lies still.
        let lies_still_for = |since: Instant, time| at > since && at.saturating_duration_since(since) >= time;
        let is_ripe = |(file, (_, since)): (&PathBuf, &(Option<Print>, Instant))| lies_still_for(*since, needs(file));
        let is_overdue = self.changed.values().any(|(_, since)| lies_still_for(*since, longest));
        if !is_overdue && !self.changed.iter().all(is_ripe) {
            return Look::Moving;
        }
        let ripe: BTreeSet<PathBuf> =
            self.changed.iter().filter(|it| is_ripe(*it)).map(|(file, _)| file.clone()).collect();
        for file in &ripe {
            let reported = self.changed.remove(file);
            self.seen.extend(reported.map(|(print, _)| (file.clone(), print)));
        }
        Look::Changed(ripe)
    }

    /// A file as it is at this look, if it is other than last reported: since when.
    fn changed_since(
        &self,
        file: PathBuf,
        print: Option<Print>,
        at: Instant,
    ) -> Option<(PathBuf, (Option<Print>, Instant))> {
        if self.seen.get(&file) == Some(&print) {
            return None;
        }
        let before = self.changed.get(&file).filter(|(before, _)| *before == print);
        let since = before.map_or(at, |(_, since)| *since);
        Some((file, (print, since)))
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
        let seen = looks(Looks::new(at(0)), &settle, &[0, 1, 2, 3, 3, 3].map(at));
        let changed = Look::Changed(["a".into()].into());
        assert_eq!(seen, [Look::Same, Look::Moving, Look::Moving, Look::Moving, changed, Look::Same]);
    }

    #[test]
    fn a_file_put_back_as_it_was_is_no_change() {
        let at = |bytes| Prints::from([("a".into(), print(bytes))]);
        let settle = [("a".into(), TENTH)].into();
        let seen = looks(Looks::new(at(0)), &settle, &[1, 0, 1, 1].map(at));
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
        let seen = looks(Looks::new(at(9)), &settle, &written);
        assert_eq!(seen[0], Look::Same);
        assert!(seen[1..23].iter().all(|look| *look == Look::Moving), "{seen:?}");
        assert_eq!(seen[23], Look::Changed(["config".into()].into()));
        let both = [at(9), at(0), at(0), at(0)];
        let seen = looks(Looks::new(at(9)), &settle, &both);
        assert_eq!(seen.last(), Some(&Look::Moving), "the plugin waits for the config beside it");
    }

    #[test]
    fn a_file_that_never_lies_still_keeps_back_no_other_and_is_reported_when_it_does() {
        let at = |(config, plugin)| {
            Prints::from([
                ("config".into(), print(config)),
                ("plugin".into(), print(plugin)),
                ("other".into(), print(0)),
            ])
        };
        let settle = [("config".into(), 10 * TENTH), ("plugin".into(), TENTH), ("other".into(), TENTH)].into();
        // The config changes once, the plugin at each look up to the fifteenth.
        let written: Vec<Prints> = (0..30).map(|look: u64| at((look.min(1), look.min(15)))).collect();
        let seen = looks(Looks::new(at((0, 0))), &settle, &written);
        let reports: Vec<_> = seen.iter().enumerate().filter(|(_, look)| matches!(look, Look::Changed(_))).collect();
        let (config, plugin) = (Look::Changed(["config".into()].into()), Look::Changed(["plugin".into()].into()));
        assert_eq!(reports, [(11, &config), (16, &plugin)], "{seen:?}");
        assert_eq!(seen.last(), Some(&Look::Same));
    }

    #[test]
    fn a_config_that_never_lies_still_keeps_back_a_plugin_for_as_long_as_it_could_have_taken_itself() {
        let at = |(config, plugin)| Prints::from([("config".into(), print(config)), ("plugin".into(), print(plugin))]);
        let settle = [("config".into(), 10 * TENTH), ("plugin".into(), TENTH)].into();
        let written: Vec<Prints> = (0..20).map(|look: u64| at((look, look.min(1)))).collect();
        let seen = looks(Looks::new(at((0, 0))), &settle, &written);
        assert_eq!(seen[11], Look::Changed(["plugin".into()].into()), "{seen:?}");
        assert!(seen[1..11].iter().chain(&seen[12..]).all(|look| *look == Look::Moving), "{seen:?}");
    }

    #[test]
    fn what_changed_together_is_reported_together_when_all_of_it_lies_still() {
        let at = |bytes| Prints::from([("config".into(), print(bytes)), ("plugin".into(), print(bytes))]);
        let settle = [("config".into(), 10 * TENTH), ("plugin".into(), TENTH)].into();
        let written: Vec<Prints> = (0..14).map(|look: u64| at(look.min(1))).collect();
        let seen = looks(Looks::new(at(0)), &settle, &written);
        assert_eq!(seen[11], Look::Changed(["config".into(), "plugin".into()].into()), "{seen:?}");
        assert_eq!(seen[12], Look::Same);
    }
}
