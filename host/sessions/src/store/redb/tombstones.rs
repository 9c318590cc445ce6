//! Table `tombstones`: what is remembered of sessions that are gone, to answer retries.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | session id, 16 bytes | [`Tombstone`] | until no retry can come, or there is no room: see the writer's `tombstones` |
//!
//! A checkpoint writes those that are remembered then; of most sessions nothing is, a moment after they were deleted.

use redb::{ReadOnlyTable, ReadableTable as _, TableDefinition, WriteTransaction};

use super::{codec, io};
use crate::{
    ids::Index,
    store::{StoreError, Tombstone},
};

type Definition = TableDefinition<'static, [u8; Index::BYTES], &'static [u8]>;
type Reading = ReadOnlyTable<[u8; Index::BYTES], &'static [u8]>;

/// The table.
pub const TOMBSTONES: Definition = TableDefinition::new("tombstones");

/// Every one, by when its session went.
pub fn all(table: &Reading) -> Result<Vec<Tombstone>, StoreError> {
    let rows = table.iter().map_err(io)?.map(|row| {
        let (key, value) = row.map_err(io)?;
        codec::decode("tombstones", &key.value(), value.value())
    });
    let mut all: Vec<Tombstone> = rows.collect::<Result<_, StoreError>>()?;
    all.sort_unstable_by_key(|tombstone| tombstone.gone);
    Ok(all)
}

/// Remember and forget.
pub fn write(transaction: &WriteTransaction, remember: &[&Tombstone], forget: &[Index]) -> Result<(), StoreError> {
    if remember.is_empty() && forget.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(TOMBSTONES).map_err(io)?;
    for id in forget {
        table.remove(id.to_bytes()).map_err(io)?;
    }
    for tombstone in remember {
        let key = tombstone.id.to_bytes();
        table.insert(key, codec::encode(&key, tombstone)?.as_slice()).map_err(io)?;
    }
    Ok(())
}
