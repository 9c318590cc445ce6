//! Small tables: `meta`, `counts` and `pauses`.
//!
//! | table | key | value | lifetime |
//! |---|---|---|---|
//! | `meta` | `"format"` | [`FORMAT`] as text | for ever |
//! | `meta` | `"last"` | index of the last applied operation, 16 bytes | rewritten by every commit |
//! | `meta` | `"time"` | the latest time of a commit, Unix ms, 8 bytes | rewritten by every commit |
//! | `meta` | `"log"` | [`LogState`] | for ever, once there is a log |
//! | `counts` | kind, `u32` | [`Waiting`] | rewritten when a session of the kind begins or ends to wait |
//! | `pauses` | kind, `u32` | [`Pause`] | while a person has the kind paused |

use std::collections::BTreeMap;

use redb::{ReadOnlyTable, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{codec, io};
use crate::{
    ids::Index,
    store::{Pause, StoreError, Waiting},
};

/// What the store knows of the log in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogState {
    /// What the log's checksums are keyed with.
    pub salt: [u8; 16],
    /// The last frame of the log that the store holds all of.
    pub covered: u64,
    /// Whether the last host closed the store, so that nothing of the log is needed.
    pub closed: bool,
}

/// What the file says it is. The number is the version of the whole layout: of the tables and of their rows.
pub const FORMAT: &[u8] = b"mpy6a store 4";
/// Formats that this program turns into [`FORMAT`] when it opens them. 1 had no log; 2 had neither `parked` nor `pauses`; 3 had
/// `memories` instead of `requests` and `tombstones`.
pub const FORMATS_BEFORE: [&[u8]; 3] = [b"mpy6a store 1", b"mpy6a store 2", b"mpy6a store 3"];

type ByKind = ReadOnlyTable<u32, &'static [u8]>;

/// Table `meta`.
pub const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
/// Table `counts`.
pub const COUNTS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("counts");
/// Table `pauses`.
pub const PAUSES: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("pauses");
/// The key of the last index in `meta`.
const LAST: &str = "last";
/// The key of the time in `meta`.
const TIME: &str = "time";
/// The key of the log's state in `meta`.
const LOG: &str = "log";
/// The key of the format in `meta`.
pub const FORMAT_KEY: &str = "format";

/// The index of the last applied operation; zeroes in a new store.
pub fn last(meta: &ReadOnlyTable<&'static str, &'static [u8]>) -> Result<Index, StoreError> {
    let Some(value) = meta.get(LAST).map_err(io)? else { return Ok(Index::default()) };
    let body = codec::unseal("meta", LAST.as_bytes(), value.value())?;
    let bytes = body.try_into().map_err(|_| StoreError::Damaged("the last index is not 16 bytes long".into()))?;
    Ok(Index::from_bytes(bytes))
}

/// Write the index of the last applied operation; zeroes leave it as it is.
pub fn write_last(transaction: &WriteTransaction, last: Index) -> Result<(), StoreError> {
    if last != Index::default() {
        let mut table = transaction.open_table(META).map_err(io)?;
        table.insert(LAST, codec::seal(LAST.as_bytes(), &last.to_bytes()).as_slice()).map_err(io)?;
    }
    Ok(())
}

/// The latest time of a commit, Unix ms; 0 in a new store.
pub fn time(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<u64, StoreError> {
    let Some(value) = meta.get(TIME).map_err(io)? else { return Ok(0) };
    let body = codec::unseal("meta", TIME.as_bytes(), value.value())?;
    let bytes = body.try_into().map_err(|_| StoreError::Damaged("the time is not 8 bytes long".into()))?;
    Ok(u64::from_be_bytes(bytes))
}

/// The same, within a transaction that writes.
pub fn time_in(transaction: &WriteTransaction) -> Result<u64, StoreError> {
    time(&transaction.open_table(META).map_err(io)?)
}

/// Write the time of a commit; 0 leaves it as it is.
pub fn write_time(transaction: &WriteTransaction, now_ms: u64) -> Result<(), StoreError> {
    if now_ms > 0 {
        let mut table = transaction.open_table(META).map_err(io)?;
        table.insert(TIME, codec::seal(TIME.as_bytes(), &now_ms.to_be_bytes()).as_slice()).map_err(io)?;
    }
    Ok(())
}

/// What the store knows of its log; none if it never had one.
pub fn log(meta: &ReadOnlyTable<&'static str, &'static [u8]>) -> Result<Option<LogState>, StoreError> {
    let Some(value) = meta.get(LOG).map_err(io)? else { return Ok(None) };
    codec::decode("meta", LOG.as_bytes(), value.value()).map(Some)
}

/// Write what the store knows of its log.
pub fn write_log(transaction: &WriteTransaction, state: &LogState) -> Result<(), StoreError> {
    let mut table = transaction.open_table(META).map_err(io)?;
    table.insert(LOG, codec::encode(LOG.as_bytes(), state)?.as_slice()).map_err(io)?;
    Ok(())
}

/// How many sessions of each kind wait.
pub fn counts(table: &ByKind) -> Result<BTreeMap<u32, Waiting>, StoreError> {
    by_kind("counts", table)
}

fn by_kind<T: DeserializeOwned>(name: &str, table: &ByKind) -> Result<BTreeMap<u32, T>, StoreError> {
    let rows = table.iter().map_err(io)?;
    rows.map(|row| {
        let (kind, value) = row.map_err(io)?;
        let kind = kind.value();
        Ok((kind, codec::decode(name, &kind.to_be_bytes(), value.value())?))
    })
    .collect()
}

/// Write the counts that changed.
pub fn write_counts(transaction: &WriteTransaction, counts: &[(u32, Waiting)]) -> Result<(), StoreError> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(COUNTS).map_err(io)?;
    for (kind, waiting) in counts {
        table.insert(kind, codec::encode(&kind.to_be_bytes(), waiting)?.as_slice()).map_err(io)?;
    }
    Ok(())
}

/// The kinds that a person paused.
pub fn pauses(table: &ByKind) -> Result<BTreeMap<u32, Pause>, StoreError> {
    by_kind("pauses", table)
}

/// Pause and resume kinds.
pub fn write_pauses(transaction: &WriteTransaction, pauses: &[(u32, Option<Pause>)]) -> Result<(), StoreError> {
    if pauses.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(PAUSES).map_err(io)?;
    for (kind, pause) in pauses {
        match pause {
            Some(pause) => table.insert(kind, codec::encode(&kind.to_be_bytes(), pause)?.as_slice()).map_err(io)?,
            None => table.remove(kind).map_err(io)?,
        };
    }
    Ok(())
}
