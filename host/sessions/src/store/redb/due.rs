//! Tables `due` and `parked`: the sessions that wait, in the order of their line.
//!
//! | table | key | value | lifetime |
//! |---|---|---|---|
//! | `due` | kind, `u32`; due time in Unix ms, `u64`; index that stored it, 16 bytes; all big-endian | session id, 16 bytes | while it is stored |
//! | `parked` | kind, `u32`; since when in Unix ms, `u64`; session id, 16 bytes; likewise | session id, 16 bytes | while it is parked |
//!
//! The kind comes first, so that a kind that cannot be claimed now is not even looked at.

use std::ops::Bound;

use redb::{ReadOnlyTable, ReadableTable as _, TableDefinition, WriteTransaction};

use super::io;
use crate::{
    ids::Index,
    session::{Due, Line, Session},
    store::{SessionChange, StoreError},
};

const KEY_BYTES: usize = 4 + 8 + Index::BYTES;
type Definition = TableDefinition<'static, [u8; KEY_BYTES], [u8; Index::BYTES]>;
/// The table open for reading.
pub type Reading = ReadOnlyTable<[u8; KEY_BYTES], [u8; Index::BYTES]>;

/// Stored sessions.
pub const DUE: Definition = TableDefinition::new("due");
/// Parked sessions.
pub const PARKED: Definition = TableDefinition::new("parked");

/// The key of a place.
pub fn key(kind: u32, due: Due) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..4].copy_from_slice(&kind.to_be_bytes());
    key[4..12].copy_from_slice(&due.at_ms.to_be_bytes());
    key[12..].copy_from_slice(&due.stored.to_bytes());
    key
}

fn parse(key: &[u8; KEY_BYTES]) -> Due {
    let mut at_ms = [0; 8];
    at_ms.copy_from_slice(&key[4..12]);
    let mut stored = [0; Index::BYTES];
    stored.copy_from_slice(&key[12..]);
    Due { at_ms: u64::from_be_bytes(at_ms), stored: Index::from_bytes(stored) }
}

/// The first sessions of a kind whose place is not behind this time; only those behind `after`, where it is given.
pub fn until(
    table: &Reading,
    kind: u32,
    after: Option<Due>,
    until_ms: u64,
    count_max: usize,
) -> Result<Vec<(Due, Index)>, StoreError> {
    let first = match after {
        Some(after) => Bound::Excluded(key(kind, after)),
        None => Bound::Included(key(kind, Due { at_ms: 0, stored: Index::default() })),
    };
    let last = Bound::Included(key(kind, Due { at_ms: until_ms, stored: Index { term: u64::MAX, index: u64::MAX } }));
    let rows = table.range::<[u8; KEY_BYTES]>((first, last)).map_err(io)?;
    rows.take(count_max)
        .map(|row| {
            let (key, id) = row.map_err(io)?;
            Ok((parse(&key.value()), Index::from_bytes(id.value())))
        })
        .collect()
}

/// Write and delete rows as sessions changed.
pub fn write(transaction: &WriteTransaction, changes: &[&SessionChange]) -> Result<(), StoreError> {
    write_one(transaction, DUE, Line::Stored, changes)?;
    write_one(transaction, PARKED, Line::Parked, changes)
}

/// Fill `parked` from the sessions that wait, in a store from before there was that table.
pub fn fill_parked(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let sessions = transaction.open_table(super::sessions::WAITING).map_err(io)?;
    let mut table = transaction.open_table(PARKED).map_err(io)?;
    for row in sessions.iter().map_err(io)? {
        let (id, value) = row.map_err(io)?;
        let session = super::sessions::decode(&id.value(), value.value())?;
        if let Some(place) = session.place_in(Line::Parked) {
            table.insert(key(session.kind, place), id.value()).map_err(io)?;
        }
    }
    Ok(())
}

/// Bring one table up to date. It is opened only if it changes: opening alone would dirty pages.
fn write_one(
    transaction: &WriteTransaction,
    definition: Definition,
    line: Line,
    changes: &[&SessionChange],
) -> Result<(), StoreError> {
    let row = |session: &Option<Session>| {
        let session = session.as_ref()?;
        session.place_in(line).map(|place| key(session.kind, place))
    };
    let mut moves = changes
        .iter()
        .map(|change| (change.id, row(&change.before), row(&change.after)))
        .filter(|(_, before, after)| before != after)
        .peekable();
    if moves.peek().is_none() {
        return Ok(());
    }
    let mut table = transaction.open_table(definition).map_err(io)?;
    for (id, before, after) in moves {
        if let Some(before) = before {
            table.remove(before).map_err(io)?;
        }
        if let Some(after) = after {
            table.insert(after, id.to_bytes()).map_err(io)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn due((at_ms, term, index): (u64, u64, u64)) -> Due {
        Due { at_ms, stored: Index { term, index } }
    }

    proptest! {
        #[test]
        fn keys_hold_and_sort_as_due_times_do(kind: u32, a: (u64, u64, u64), b: (u64, u64, u64)) {
            let [a, b] = [due(a), due(b)];
            prop_assert_eq!(parse(&key(kind, a)), a);
            prop_assert_eq!(key(kind, a).cmp(&key(kind, b)), a.cmp(&b));
        }
    }
}
