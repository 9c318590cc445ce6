//! Table `records`: what sessions recorded.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | session id, 16 bytes; number, `u32` big-endian | the client's bytes | until replaced, or the session is gone |
//!
//! A session's records are numbered from 0 without gaps, so their keys follow from the session's row.

use bytes::Bytes;
use redb::{ReadOnlyTable, TableDefinition, WriteTransaction};

use super::{codec, io};
use crate::{
    ids::Index,
    session::Session,
    store::{SessionChange, StoreError},
};

/// Length of a key, in bytes.
pub const KEY_BYTES: usize = Index::BYTES + 4;
type Definition = TableDefinition<'static, [u8; KEY_BYTES], &'static [u8]>;
/// The table open for reading.
pub type Reading = ReadOnlyTable<[u8; KEY_BYTES], &'static [u8]>;

/// The table.
pub const RECORDS: Definition = TableDefinition::new("records");

fn key(id: Index, number: u32) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..Index::BYTES].copy_from_slice(&id.to_bytes());
    key[Index::BYTES..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The session and the number in a key.
pub fn parse(key: &[u8; KEY_BYTES]) -> (Index, u32) {
    let (mut id, mut number) = ([0; Index::BYTES], [0; 4]);
    id.copy_from_slice(&key[..Index::BYTES]);
    number.copy_from_slice(&key[Index::BYTES..]);
    (Index::from_bytes(id), u32::from_be_bytes(number))
}

/// The records of a session, oldest first.
pub fn of(table: &Reading, session: &Session) -> Result<Vec<Bytes>, StoreError> {
    (0..session.records)
        .map(|number| {
            let key = key(session.id, number);
            let missing = || StoreError::Damaged(format!("record {number} of session {} is missing", session.id));
            let value = table.get(key).map_err(io)?.ok_or_else(missing)?;
            codec::unseal("records", &key, value.value()).map(Bytes::copy_from_slice)
        })
        .collect()
}

/// Write and delete rows as sessions changed.
pub fn write(transaction: &WriteTransaction, changes: &[&SessionChange]) -> Result<(), StoreError> {
    let mut touching = changes.iter().filter(|change| touches(change)).peekable();
    if touching.peek().is_none() {
        return Ok(());
    }
    let mut table = transaction.open_table(RECORDS).map_err(io)?;
    for change in touching {
        let before = change.before.as_ref().map_or(0, |session| session.records);
        if change.after.is_none() || change.records.clear {
            for number in 0..before {
                table.remove(key(change.id, number)).map_err(io)?;
            }
        }
        if change.after.is_some() {
            for (number, record) in (change.records.first_number(before)..).zip(&change.records.append) {
                let key = key(change.id, number);
                table.insert(key, codec::seal(&key, record).as_slice()).map_err(io)?;
            }
        }
    }
    Ok(())
}

fn touches(change: &SessionChange) -> bool {
    let had = change.before.as_ref().is_some_and(|session| session.records > 0);
    match change.after {
        Some(_) => !change.records.append.is_empty() || (change.records.clear && had),
        None => had,
    }
}
