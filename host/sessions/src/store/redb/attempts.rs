//! Table `attempts`: how repeats ended.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | session id, 16 bytes; fence of the run, 16 bytes | [`Attempt`] | until pushed out by newer ones, or the session is gone |

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::{codec, io};
use crate::{
    attempt::Attempt,
    ids::Index,
    store::{SessionChange, StoreError},
};

/// Length of a key, in bytes.
pub const KEY_BYTES: usize = 2 * Index::BYTES;
type Definition = TableDefinition<'static, [u8; KEY_BYTES], &'static [u8]>;
/// The table open for reading.
pub type Reading = ReadOnlyTable<[u8; KEY_BYTES], &'static [u8]>;

/// The table.
pub const ATTEMPTS: Definition = TableDefinition::new("attempts");

fn key(id: Index, fence: Index) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..Index::BYTES].copy_from_slice(&id.to_bytes());
    key[Index::BYTES..].copy_from_slice(&fence.to_bytes());
    key
}

/// The session and the fence in a key.
pub fn parse(key: &[u8; KEY_BYTES]) -> (Index, Index) {
    let (mut id, mut fence) = ([0; Index::BYTES], [0; Index::BYTES]);
    id.copy_from_slice(&key[..Index::BYTES]);
    fence.copy_from_slice(&key[Index::BYTES..]);
    (Index::from_bytes(id), Index::from_bytes(fence))
}

fn keys_of(id: Index) -> std::ops::RangeInclusive<[u8; KEY_BYTES]> {
    key(id, Index::default())..=key(id, Index { term: u64::MAX, index: u64::MAX })
}

/// The attempts kept of a session, oldest first.
pub fn of(table: &Reading, id: Index) -> Result<Vec<Attempt>, StoreError> {
    let rows = table.range(keys_of(id)).map_err(io)?;
    rows.map(|row| {
        let (key, value) = row.map_err(io)?;
        codec::decode("attempts", &key.value(), value.value())
    })
    .collect()
}

/// Write and delete rows as sessions changed.
pub fn write(transaction: &WriteTransaction, changes: &[&SessionChange]) -> Result<(), StoreError> {
    let had = |change: &SessionChange| change.before.as_ref().is_some_and(|session| session.attempts > 0);
    let mut touching = changes
        .iter()
        .filter(|change| !change.attempts.is_empty() || (change.after.is_none() && had(change)))
        .peekable();
    if touching.peek().is_none() {
        return Ok(());
    }
    let mut table = transaction.open_table(ATTEMPTS).map_err(io)?;
    for change in touching {
        for attempt in &change.attempts {
            let key = key(change.id, attempt.fence);
            table.insert(key, codec::encode(&key, attempt)?.as_slice()).map_err(io)?;
        }
        let kept = change.after.as_ref().map_or(0, |session| session.attempts);
        trim(&mut table, change.id, kept)?;
    }
    Ok(())
}

/// Keep only the newest attempts of a session.
fn trim(table: &mut Table<'_, [u8; KEY_BYTES], &'static [u8]>, id: Index, kept: u32) -> Result<(), StoreError> {
    let keys = table.range(keys_of(id)).map_err(io)?;
    let keys: Vec<_> = keys.map(|row| row.map(|(key, _)| key.value())).collect::<Result<_, _>>().map_err(io)?;
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    for key in &keys[..keys.len().saturating_sub(kept)] {
        table.remove(key).map_err(io)?;
    }
    Ok(())
}
