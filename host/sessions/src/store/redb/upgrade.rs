//! A store from before `requests` and `tombstones`: what it remembered lay in `memories`, a list for each commit.

use std::collections::BTreeMap;

use redb::{ReadableTable as _, TableDefinition, WriteTransaction};

use super::{codec, io, meta, requests, sessions, tombstones};
use crate::{
    caller::OpenedBy,
    ids::{IdMap, Index},
    store::{
        RowKey, StoreError, Tombstone,
        before::{MemoryV1, opened_by, tombstone},
    },
};

/// Table `memories`, by the last index of a commit: what that was to be remembered for.
const MEMORIES: TableDefinition<'static, [u8; Index::BYTES], &[u8]> = TableDefinition::new("memories");

/// Move what `memories` holds to where it belongs now, and drop the table.
pub fn memories(transaction: &WriteTransaction) -> Result<(), StoreError> {
    // When each went was not written down: at the latest with the last commit.
    let now_ms = meta::time_in(transaction)?;
    let mut opened = IdMap::default();
    let mut gone: IdMap<(RowKey, Tombstone)> = IdMap::default();
    {
        let table = transaction.open_table(MEMORIES).map_err(io)?;
        for row in table.iter().map_err(io)? {
            let (key, value) = row.map_err(io)?;
            let key = key.value();
            let at = Index::from_bytes(key);
            let row = RowKey { at, group: 0 };
            for memory in codec::decode::<Vec<MemoryV1>>("memories", &key, value.value())? {
                opened.extend(opened_by(&memory));
                gone.extend(tombstone(memory, at, now_ms).map(|tombstone| (tombstone.id, (row, tombstone))));
            }
        }
    }
    for (id, by) in opened {
        match gone.get_mut(&id) {
            Some((_, tombstone)) => tombstone.origin.request = Some(by),
            None => name_session(transaction, id, by)?,
        }
    }
    let mut rows: BTreeMap<RowKey, Vec<Tombstone>> = BTreeMap::new();
    for (row, tombstone) in gone.into_values() {
        rows.entry(row).or_default().push(tombstone);
    }
    let rows: Vec<_> = rows.iter().map(|(row, tombstones)| (*row, tombstones.as_slice())).collect();
    tombstones::write(transaction, &rows, &[])?;
    transaction.delete_table(MEMORIES).map_err(io)?;
    Ok(())
}

/// Write down with a session by which request it was opened.
fn name_session(transaction: &WriteTransaction, id: Index, by: OpenedBy) -> Result<(), StoreError> {
    let key = id.to_bytes();
    for definition in [sessions::HELD, sessions::WAITING] {
        let mut table = transaction.open_table(definition).map_err(io)?;
        let found = table.get(key).map_err(io)?.map(|value| sessions::decode(&key, value.value()));
        if let Some(mut session) = found.transpose()? {
            session.origin.request = Some(by);
            table.insert(key, sessions::encode(&key, &session)?.as_slice()).map_err(io)?;
            let mut table = transaction.open_table(requests::REQUESTS).map_err(io)?;
            table.insert(by.name.to_bytes(), key).map_err(io)?;
        }
    }
    Ok(())
}
