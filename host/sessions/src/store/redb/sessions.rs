//! Tables `held` and `waiting`: the sessions themselves.
//!
//! | table | key | value | lifetime |
//! |---|---|---|---|
//! | `held` | id, 16 bytes | [`Session`], layout version 2 | while a client or a run holds it |
//! | `waiting` | id, 16 bytes | [`Session`], likewise | while it is stored or parked |
//!
//! Two tables, so that the one that every operation touches stays small however many sessions wait, and so that taking
//! over a store reads only what somebody held. Rows of version 1, from before sessions knew their origin, are read as they are
//! met and written anew when their session changes.

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::{codec, io};
use crate::{
    ids::Index,
    session::Session,
    store::{SessionChange, StoreError, before::SessionV1},
};

type Definition = TableDefinition<'static, [u8; Index::BYTES], &'static [u8]>;
/// The table open for reading.
pub type Reading = ReadOnlyTable<[u8; Index::BYTES], &'static [u8]>;

/// Sessions that somebody holds.
pub const HELD: Definition = TableDefinition::new("held");
/// Sessions that are stored or parked.
pub const WAITING: Definition = TableDefinition::new("waiting");

/// The version of their rows' layout.
const VERSION: u8 = 2;

/// The session in a row.
///
/// # Errors
///
/// [`StoreError::Damaged`].
pub fn decode(key: &[u8; Index::BYTES], value: &[u8]) -> Result<Session, StoreError> {
    if value.first() == Some(&codec::VERSION) {
        return codec::decode::<SessionV1>("sessions", key, value).map(Session::from);
    }
    codec::decode_as(VERSION, "sessions", key, value)
}

/// The row of a session.
///
/// # Errors
///
/// As [`codec::encode`].
pub fn encode(key: &[u8; Index::BYTES], session: &Session) -> Result<Vec<u8>, StoreError> {
    codec::encode_as(VERSION, key, session)
}

/// Look a session up in one of the tables.
pub fn get(table: &Reading, id: Index) -> Result<Option<Session>, StoreError> {
    let key = id.to_bytes();
    match table.get(key).map_err(io)? {
        Some(value) => decode(&key, value.value()).map(Some),
        None => Ok(None),
    }
}

/// Every session of one table, by id.
pub fn all(table: &Reading) -> Result<Vec<Session>, StoreError> {
    let rows = table.iter().map_err(io)?;
    rows.map(|row| {
        let (key, value) = row.map_err(io)?;
        decode(&key.value(), value.value())
    })
    .collect()
}

/// Move, write and delete rows as sessions changed.
pub fn write(transaction: &WriteTransaction, changes: &[&SessionChange]) -> Result<(), StoreError> {
    let held = |session: &Option<Session>| session.as_ref().is_some_and(|session| session.state.is_held());
    let waits = |session: &Option<Session>| session.as_ref().is_some_and(|session| !session.state.is_held());
    write_one(transaction, HELD, changes, held)?;
    write_one(transaction, WAITING, changes, waits)
}

/// Bring one table up to date. It is opened only if it changes: opening alone would dirty pages.
fn write_one(
    transaction: &WriteTransaction,
    definition: Definition,
    changes: &[&SessionChange],
    belongs: impl Fn(&Option<Session>) -> bool,
) -> Result<(), StoreError> {
    let mut touching = changes.iter().filter(|change| belongs(&change.before) || belongs(&change.after)).peekable();
    if touching.peek().is_none() {
        return Ok(());
    }
    let mut table: Table<'_, [u8; Index::BYTES], &[u8]> = transaction.open_table(definition).map_err(io)?;
    for change in touching {
        let key = change.id.to_bytes();
        match &change.after {
            Some(session) if belongs(&change.after) => {
                table.insert(key, encode(&key, session)?.as_slice()).map_err(io)?;
            }
            _ => {
                table.remove(key).map_err(io)?;
            }
        }
    }
    Ok(())
}
