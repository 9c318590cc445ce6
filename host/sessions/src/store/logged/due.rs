//! What is due, from both generations and redb, in one order.
//!
//! A row of a lower layer counts only while no layer above has an entry for its session. An entry stays until the layers
//! change, so a row that was once passed over need never be looked at again: each lower layer has a mark up to which
//! everything is void. Without it each question would walk over all that was claimed since the last checkpoint.

use std::collections::{HashMap, VecDeque};

use super::LoggedStore;
use crate::{
    ids::Index,
    session::{Due, Line},
    store::{Store as _, StoreError},
};

/// How many rows are read from redb at once.
const CHUNK: usize = 256;

/// The marks of every kind. Valid until the layers change.
#[derive(Debug, Default)]
pub struct Dues {
    kinds: HashMap<u32, Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    /// The next rows of redb, in order.
    base: VecDeque<(Due, Index)>,
    /// The last of redb's rows with nothing but void ones up to it.
    void: Option<Due>,
    /// The last row that was read from redb.
    read: Option<Due>,
    /// Whether there are none behind it.
    all_read: bool,
    /// The last void row of the frozen generation.
    frozen: Option<Due>,
}

impl Dues {
    /// The layers have changed.
    pub fn reset(&mut self) {
        self.kinds.clear();
    }

    /// The last of redb's rows with nothing but void ones up to it, as far as the marks know.
    fn void(&self, kind: u32) -> Option<Due> {
        self.kinds.get(&kind)?.void
    }

    /// The first stored sessions of a kind that are due at this time, at most `count_max`.
    ///
    /// # Errors
    ///
    /// If redb cannot be read.
    pub fn first(
        &mut self,
        store: &LoggedStore,
        kind: u32,
        until_ms: u64,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError> {
        let marks = self.kinds.entry(kind).or_default();
        let mut rows = marks.base_rows(store, kind, count_max)?;
        rows.extend(marks.frozen_rows(store, kind, count_max));
        rows.extend(store.fresh.waiting(kind, Line::Stored, None).take(count_max));
        rows.sort_unstable();
        rows.truncate(count_max);
        rows.retain(|(due, _)| due.at_ms <= until_ms);
        Ok(rows)
    }
}

impl Marks {
    fn base_rows(&mut self, store: &LoggedStore, kind: u32, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError> {
        let is_void = |id: Index| store.generations().any(|generation| generation.get(id).is_some());
        while let Some((due, _)) = self.base.pop_front_if(|(_, id)| is_void(*id)) {
            self.void = Some(due);
        }
        let mut rows: Vec<_> = self.base.iter().filter(|(_, id)| !is_void(*id)).take(count_max).copied().collect();
        while rows.len() < count_max && !self.all_read {
            let chunk = store.base.waiting(kind, Line::Stored, self.read, CHUNK)?;
            self.all_read = chunk.len() < CHUNK;
            self.read = chunk.last().map(|(due, _)| *due).or(self.read);
            for row in chunk {
                if is_void(row.1) {
                    if self.base.is_empty() {
                        self.void = Some(row.0);
                    }
                    continue;
                }
                self.base.push_back(row);
                if rows.len() < count_max {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    fn frozen_rows(&mut self, store: &LoggedStore, kind: u32, count_max: usize) -> Vec<(Due, Index)> {
        let Some(frozen) = &store.frozen else { return Vec::new() };
        let is_void = |id: Index| store.fresh.get(id).is_some();
        for (due, id) in frozen.waiting(kind, Line::Stored, self.frozen) {
            if !is_void(id) {
                break;
            }
            self.frozen = Some(due);
        }
        frozen.waiting(kind, Line::Stored, self.frozen).filter(|(_, id)| !is_void(*id)).take(count_max).collect()
    }
}

/// A part of a line, for people: those behind `after`, at most `count_max`. It goes by the marks, and leaves none behind.
///
/// # Errors
///
/// If redb cannot be read.
pub fn waiting(
    store: &LoggedStore,
    kind: u32,
    line: Line,
    after: Option<Due>,
    count_max: usize,
) -> Result<Vec<(Due, Index)>, StoreError> {
    let mut rows: Vec<_> = store.fresh.waiting(kind, line, after).take(count_max).collect();
    if let Some(frozen) = &store.frozen {
        let is_void = |id: Index| store.fresh.get(id).is_some();
        rows.extend(frozen.waiting(kind, line, after).filter(|(_, id)| !is_void(*id)).take(count_max));
    }
    let is_void = |id: Index| store.generations().any(|generation| generation.get(id).is_some());
    let void = (line == Line::Stored).then(|| store.dues.borrow().void(kind)).flatten();
    let (mut read, mut valid) = (after.max(void), 0);
    while valid < count_max {
        let chunk = store.base.waiting(kind, line, read, CHUNK)?;
        let is_last = chunk.len() < CHUNK;
        read = chunk.last().map(|(place, _)| *place).or(read);
        let before = rows.len();
        rows.extend(chunk.into_iter().filter(|(_, id)| !is_void(*id)));
        valid += rows.len() - before;
        if is_last {
            break;
        }
    }
    rows.sort_unstable();
    rows.truncate(count_max);
    Ok(rows)
}
