//! What was answered lately, so that a retry gets the first answer also after its session is gone.
//!
//! Kept in memory and, one row a commit, in the store; the oldest rows go when there are more than
//! [`REMEMBERED_MAX`] memories.

use std::collections::{HashMap, VecDeque};

use crate::{
    error::Refusal,
    ids::{IdMap, Index},
    limits::REMEMBERED_MAX,
    rules::Opened,
    session::{Client, Session},
    store::Memory,
};

/// Everything remembered.
#[derive(Default)]
pub struct Memories {
    opened: HashMap<String, (u64, Opened)>,
    gone: IdMap<Client>,
    /// The rows in the store, oldest first, and what each made us remember.
    rows: VecDeque<(Index, Vec<Name>)>,
    count: usize,
    /// Not yet in the store.
    fresh: Vec<Memory>,
}

/// What a memory is looked up by.
enum Name {
    Request(String),
    Session(Index),
}

impl Memories {
    /// What a store remembered, oldest first.
    pub fn load(rows: Vec<(Index, Vec<Memory>)>) -> Self {
        let mut memories = Self::default();
        for (row, stored) in rows {
            stored.iter().for_each(|memory| memories.look_up(memory));
            memories.keep_row(row, &stored);
        }
        memories
    }

    /// The first answer to a `New` with this request id.
    pub fn opened(&self, request_id: &str, fingerprint: u64) -> Result<Option<Opened>, Refusal> {
        match self.opened.get(request_id) {
            Some((same, opened)) if *same == fingerprint => Ok(Some(*opened)),
            Some(_) => Err(Refusal::RequestIdReused),
            None => Ok(None),
        }
    }

    /// The client of a session that is gone.
    pub fn gone(&self, id: Index) -> Option<&Client> {
        self.gone.get(&id)
    }

    /// Remember the answer to a `New`.
    pub fn remember_opened(&mut self, request_id: String, fingerprint: u64, opened: Opened) {
        self.remember(Memory::Opened { request_id, fingerprint, opened });
    }

    /// Remember the client of a session that is gone from now on.
    pub fn remember_gone(&mut self, session: &Session) {
        self.remember(Memory::Gone { id: session.id, client: session.client.clone() });
    }

    /// What the next commit, whose last index is `row`, has to write and to forget.
    pub fn take_fresh(&mut self, row: Index) -> (Vec<Memory>, Vec<Index>) {
        let fresh = std::mem::take(&mut self.fresh);
        if !fresh.is_empty() {
            self.keep_row(row, &fresh);
        }
        let mut forgotten = Vec::new();
        while self.count > REMEMBERED_MAX && self.rows.len() > 1 {
            forgotten.extend(self.forget_oldest());
        }
        (fresh, forgotten)
    }

    fn remember(&mut self, memory: Memory) {
        self.look_up(&memory);
        self.fresh.push(memory);
    }

    /// Make a memory findable.
    fn look_up(&mut self, memory: &Memory) {
        match memory {
            Memory::Opened { request_id, fingerprint, opened } => {
                self.opened.insert(request_id.clone(), (*fingerprint, *opened));
            }
            Memory::Gone { id, client } => {
                self.gone.insert(*id, client.clone());
            }
        }
    }

    fn keep_row(&mut self, row: Index, memories: &[Memory]) {
        let name = |memory: &Memory| match memory {
            Memory::Opened { request_id, .. } => Name::Request(request_id.clone()),
            Memory::Gone { id, .. } => Name::Session(*id),
        };
        self.count += memories.len();
        self.rows.push_back((row, memories.iter().map(name).collect()));
    }

    fn forget_oldest(&mut self) -> Option<Index> {
        let (row, names) = self.rows.pop_front()?;
        self.count -= names.len();
        for name in names {
            match name {
                Name::Request(request_id) => drop(self.opened.remove(&request_id)),
                Name::Session(id) => drop(self.gone.remove(&id)),
            }
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{Handle, Key};

    fn opened(index: u64) -> Opened {
        let id = Index { term: 1, index };
        Opened { handle: Handle { id, key: Key(index) }, fence: id, lease_ms: index }
    }

    #[test]
    fn the_oldest_rows_are_forgotten_whole_and_the_rest_survives_a_restart() {
        let mut memories = Memories::default();
        let mut stored = Vec::new();
        let a_row = REMEMBERED_MAX / 4;
        for row in 0..6_u64 {
            for n in 0..a_row {
                memories.remember_opened(format!("{row}/{n}"), row, opened(row));
            }
            let last = Index { term: 1, index: row };
            let (fresh, forget) = memories.take_fresh(last);
            stored.push((last, fresh));
            stored.retain(|(row, _)| !forget.contains(row));
        }
        assert_eq!(stored.iter().map(|(row, _)| row.index).collect::<Vec<_>>(), [2, 3, 4, 5]);
        for memories in [memories, Memories::load(stored)] {
            assert_eq!(memories.opened("1/0", 1), Ok(None));
            assert_eq!(memories.opened("2/0", 2), Ok(Some(opened(2))));
            assert_eq!(memories.opened("5/7", 0), Err(Refusal::RequestIdReused));
        }
    }
}
