//! What is kept, and what has to go for something new.
//!
//! The oldest goes first. Where a kind is full of both, failures stay before successes: a success goes as long as successes have
//! more than a quarter of the places.

use std::collections::{BTreeMap, BTreeSet};

use mpy6a_sessions::Index;

use crate::config::Keep;

/// Of how many places one is a success's own.
const SUCCESS_SHARE: usize = 4;

/// A recording that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kind of its session.
    pub kind: u32,
    /// The session.
    pub id: Index,
    /// The index at which the run got it.
    pub fence: Index,
    /// Which repeat it was.
    pub repeat: u32,
    /// Whether the handler returned ok.
    pub is_success: bool,
    /// SHA-256 of the plugin file that ran.
    pub plugin: [u8; 32],
    /// How long its file is, in bytes.
    pub bytes: u64,
}

/// Everything that is kept, by kind and age: a later run has the larger fence.
#[derive(Debug, Default)]
pub struct Shelf(BTreeMap<(u32, Index), Entry>);

impl Shelf {
    /// A shelf with these.
    #[must_use]
    pub fn of(entries: Vec<Entry>) -> Self {
        Self(entries.into_iter().map(|entry| ((entry.kind, entry.fence), entry)).collect())
    }

    /// Put one more there.
    pub fn put(&mut self, entry: Entry) {
        self.0.insert((entry.kind, entry.fence), entry);
    }

    /// Take what goes beyond these bounds, and what is of a kind that has none.
    pub fn trim(&mut self, keeps: &BTreeMap<u32, Keep>) -> Vec<Entry> {
        let kinds: BTreeSet<u32> = self.0.keys().map(|(kind, _)| *kind).collect();
        let mut out = Vec::new();
        for kind in kinds {
            let keep = keeps.get(&kind).copied().unwrap_or(Keep { attempts: 0, bytes: 0 });
            while let Some(entry) = self.beyond(kind, keep) {
                self.0.remove(&(kind, entry.fence));
                out.push(entry);
            }
        }
        out
    }

    /// The one that has to go first, if any has to.
    fn beyond(&self, kind: u32, keep: Keep) -> Option<Entry> {
        let (mut count, mut successes, mut bytes) = (0, 0, 0);
        for entry in self.of_kind(kind) {
            count += 1;
            successes += usize::from(entry.is_success);
            bytes += entry.bytes;
        }
        if count <= keep.attempts as usize && bytes <= keep.bytes {
            return None;
        }
        let may_go = |entry: &&Entry| entry.is_success == (successes > (count / SUCCESS_SHARE).max(1));
        let oldest = |entries: &mut dyn Iterator<Item = &Entry>| entries.next().copied();
        oldest(&mut self.of_kind(kind).filter(may_go)).or_else(|| oldest(&mut self.of_kind(kind)))
    }

    fn of_kind(&self, kind: u32) -> impl DoubleEndedIterator<Item = &Entry> {
        let (first, last) = (Index::default(), Index { term: u64::MAX, index: u64::MAX });
        self.0.range((kind, first)..=(kind, last)).map(|(_, entry)| entry)
    }

    /// The one of this run.
    #[must_use]
    pub fn get(&self, kind: u32, id: Index, fence: Index) -> Option<&Entry> {
        self.0.get(&(kind, fence)).filter(|entry| entry.id == id)
    }

    /// Those of a session, oldest first.
    #[must_use]
    pub fn of_session(&self, id: Index) -> Vec<Entry> {
        self.0.values().filter(|entry| entry.id == id).copied().collect()
    }

    /// The newest of a kind, at most so many, the oldest of them first.
    #[must_use]
    pub fn newest(&self, kind: u32, at_most: usize) -> Vec<Entry> {
        let mut newest: Vec<Entry> = self.of_kind(kind).rev().take(at_most).copied().collect();
        newest.reverse();
        newest
    }

    /// The digests of plugins that recordings refer to.
    #[must_use]
    pub fn plugins(&self) -> BTreeSet<[u8; 32]> {
        self.0.values().map(|entry| entry.plugin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fence: u64, is_success: bool, bytes: u64) -> Entry {
        let at = |index| Index { term: 1, index };
        Entry { kind: 1, id: at(fence / 10), fence: at(fence), repeat: 1, is_success, plugin: [0; 32], bytes }
    }

    fn trimmed(entries: &[Entry], attempts: u32, bytes: u64) -> Vec<u64> {
        let mut shelf = Shelf::of(entries.to_vec());
        shelf.trim(&BTreeMap::from([(1, Keep { attempts, bytes })]));
        shelf.0.values().map(|entry| entry.fence.index).collect()
    }

    #[test]
    fn the_oldest_goes_first() {
        let failures: Vec<Entry> = (1..=5).map(|fence| entry(fence, false, 10)).collect();
        assert_eq!(trimmed(&failures, 3, 1_000), [3, 4, 5]);
        assert_eq!(trimmed(&failures, 5, 25), [4, 5], "by bytes, too");
        assert_eq!(trimmed(&failures, 5, 9), [] as [u64; 0]);
        assert_eq!(trimmed(&failures, 0, 1_000), [] as [u64; 0]);
    }

    #[test]
    fn failures_stay_before_successes_which_keep_a_quarter() {
        let mixed: Vec<Entry> = (1..=16).map(|fence| entry(fence, fence > 8, 1)).collect();
        assert_eq!(trimmed(&mixed, 8, 1_000), [3, 4, 5, 6, 7, 8, 15, 16]);
        let successes: Vec<Entry> = (1..=5).map(|fence| entry(fence, true, 1)).collect();
        assert_eq!(trimmed(&successes, 4, 1_000), [2, 3, 4, 5], "alone they have all places");
    }

    #[test]
    fn what_is_of_no_kind_goes() {
        let mut shelf = Shelf::of(vec![entry(1, true, 1)]);
        assert_eq!(shelf.trim(&BTreeMap::new()).len(), 1);
        assert!(shelf.plugins().is_empty());
    }
}
