//! Why an attempt is not kept: the last ones are remembered, for those are asked about.

use std::collections::{BTreeMap, VecDeque};

use mpy6a_sessions::Index;

use crate::limits::KEPT_REASONS;

/// Why an attempt is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Its kind keeps none.
    #[error("its kind keeps none: raise `attempts` of [kind.keep], and repeat the session")]
    Off,
    /// It is longer than its kind keeps.
    #[error("it takes {0} bytes, more than its kind keeps: raise `bytes` of [kind.keep], and repeat the session")]
    TooLarge(u64),
    /// So many ended at once that there was no room in the queue.
    #[error("it was dropped, since more ended at once than could be written: repeat the session")]
    Dropped,
    /// Nothing is remembered of it: it was left out as one of many, or it is long ago.
    #[error(
        "newer ones took its place, or so many ended at once that only some are kept: look at another one, or raise `attempts` of \
         [kind.keep]"
    )]
    LeftOut,
    /// Newer ones took its place.
    #[error("newer ones took its place: raise `attempts` or `bytes` of [kind.keep], and repeat the session")]
    PushedOut,
    /// It is about to be kept.
    #[error("it is being written: ask again in a moment")]
    Waiting,
    /// Its file could not be written.
    #[error("its file could not be written: look at the host's log, mend that, and repeat the session")]
    Failed,
}

/// Reasons of the last attempts: session, fence, why.
#[derive(Debug, Default)]
pub struct Reasons(VecDeque<(Index, Index, Why)>);

impl Reasons {
    /// Remember one; the oldest is forgotten.
    pub fn put(&mut self, id: Index, fence: Index, why: Why) {
        self.0.push_back((id, fence, why));
        let excess = self.0.len().saturating_sub(KEPT_REASONS);
        self.0.drain(..excess);
    }

    /// The last that was said of an attempt.
    #[must_use]
    pub fn of(&self, id: Index, fence: Index) -> Option<Why> {
        let found = self.0.iter().rev().find(|(it, at, _)| (*it, *at) == (id, fence));
        found.map(|(.., why)| why.clone())
    }

    /// The attempts of a session of which the last that was said is that they are being written, by their fences.
    #[must_use]
    pub fn waiting(&self, id: Index) -> Vec<Index> {
        let of_it = self.0.iter().filter(|(it, ..)| *it == id);
        let last: BTreeMap<Index, &Why> = of_it.map(|(_, fence, why)| (*fence, why)).collect();
        last.into_iter().filter(|(_, why)| **why == Why::Waiting).map(|(fence, _)| fence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_only_the_last_attempts_are_remembered() {
        let at = |index| Index { term: 1, index };
        let mut reasons = Reasons::default();
        reasons.put(at(1), at(2), Why::Waiting);
        reasons.put(at(1), at(3), Why::Waiting);
        reasons.put(at(1), at(2), Why::Dropped);
        assert_eq!((reasons.of(at(1), at(2)), reasons.waiting(at(1))), (Some(Why::Dropped), vec![at(3)]));
        for other in 0..KEPT_REASONS as u64 {
            reasons.put(at(9), at(other), Why::Failed);
        }
        assert_eq!((reasons.of(at(1), at(3)), reasons.0.len()), (None, KEPT_REASONS));
    }
}
