//! Table `requests`: which session a `New` opened, by the name that its caller gave it.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | [`RequestName`]: caller, 16 bytes; number, `u64` big-endian | session id, 16 bytes | while the session is there |
//!
//! The session's row says the same, so the value needs no checksum: whoever finds a session here asks it.

use redb::{ReadOnlyTable, ReadableTable as _, TableDefinition, WriteTransaction};

use super::io;
use crate::{
    caller::RequestName,
    ids::Index,
    session::Session,
    store::{SessionChange, StoreError},
};

type Definition = TableDefinition<'static, [u8; RequestName::BYTES], [u8; Index::BYTES]>;
/// The table open for reading.
pub type Reading = ReadOnlyTable<[u8; RequestName::BYTES], [u8; Index::BYTES]>;

/// The table.
pub const REQUESTS: Definition = TableDefinition::new("requests");

/// The session that this request opened.
pub fn get(table: &Reading, name: &RequestName) -> Result<Option<Index>, StoreError> {
    let value = table.get(name.to_bytes()).map_err(io)?;
    Ok(value.map(|id| Index::from_bytes(id.value())))
}

/// Write and delete rows as sessions came and went.
pub fn write(transaction: &WriteTransaction, changes: &[&SessionChange]) -> Result<(), StoreError> {
    let name = |session: &Option<Session>| session.as_ref()?.origin.request.map(|by| by.name);
    let moves = changes.iter().map(|change| (change.id, name(&change.before), name(&change.after)));
    let mut moves = moves.filter(|(_, before, after)| before != after).peekable();
    if moves.peek().is_none() {
        return Ok(());
    }
    let mut table = transaction.open_table(REQUESTS).map_err(io)?;
    for (id, before, after) in moves {
        if let Some(before) = before {
            // Another may have the name by now: earlier versions forgot while a session was live which request opened it.
            let is_its_own = table.get(before.to_bytes()).map_err(io)?.is_some_and(|it| it.value() == id.to_bytes());
            if is_its_own {
                table.remove(before.to_bytes()).map_err(io)?;
            }
        }
        if let Some(after) = after {
            table.insert(after.to_bytes(), id.to_bytes()).map_err(io)?;
        }
    }
    Ok(())
}
