//! Table `tombstones`: what is remembered of sessions that are gone, to answer retries.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | [`RowKey`]: an index of the commit, 16 bytes; group of callers, `u64` big-endian | list of [`Tombstone`] | until nothing of it is remembered: see the writer's `tombstones` |
//!
//! A row for each commit and group, not for each session: it costs a batch the same few pages, however large it is. A
//! checkpoint writes those that are remembered then; of most sessions nothing is, a moment after they were deleted.

use redb::{ReadOnlyTable, ReadableTable as _, TableDefinition, WriteTransaction};

use super::{codec, io};
use crate::store::{Row, RowKey, StoreError, Tombstone};

type Definition = TableDefinition<'static, [u8; RowKey::BYTES], &'static [u8]>;
type Reading = ReadOnlyTable<[u8; RowKey::BYTES], &'static [u8]>;

/// The table.
pub const TOMBSTONES: Definition = TableDefinition::new("tombstones");

/// Every row, by when its sessions went.
pub fn all(table: &Reading) -> Result<Vec<(RowKey, Row)>, StoreError> {
    let rows = table.iter().map_err(io)?;
    rows.map(|row| {
        let (key, value) = row.map_err(io)?;
        let key = key.value();
        Ok((RowKey::from_bytes(key), codec::decode("tombstones", &key, value.value())?))
    })
    .collect()
}

/// Remember and forget.
pub fn write(
    transaction: &WriteTransaction,
    remember: &[(RowKey, &[Tombstone])],
    forget: &[RowKey],
) -> Result<(), StoreError> {
    if remember.is_empty() && forget.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(TOMBSTONES).map_err(io)?;
    for row in forget {
        table.remove(row.to_bytes()).map_err(io)?;
    }
    for (row, tombstones) in remember {
        let key = row.to_bytes();
        table.insert(key, codec::encode(&key, tombstones)?.as_slice()).map_err(io)?;
    }
    Ok(())
}
