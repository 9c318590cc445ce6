//! The bytes of a row's value: a format version, a checksum, then the body.
//!
//! ```text
//! 0        1              5
//! | version | checksum LE | body ... |
//! ```
//!
//! The checksum is the low 32 bits of XXH3 over the row's key and the body: a flipped bit, or a row that ended up under
//! another key, is found when the row is read, never served. redb checks its own pages only during repair.

use serde::{Serialize, de::DeserializeOwned};
use xxhash_rust::xxh3::Xxh3;

use crate::store::StoreError;

/// The version of a row's layout. A table whose rows changed has a later one, and reads the earlier ones, too.
pub const VERSION: u8 = 1;

/// What precedes the body, in bytes.
const HEAD_BYTES: usize = 5;

/// Wrap a body of bytes.
#[must_use]
pub fn seal(key: &[u8], body: &[u8]) -> Vec<u8> {
    seal_as(VERSION, key, body)
}

fn seal_as(version: u8, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD_BYTES + body.len());
    value.push(version);
    value.extend_from_slice(&checksum(key, body).to_le_bytes());
    value.extend_from_slice(body);
    value
}

/// Unwrap a body of bytes.
///
/// # Errors
///
/// [`StoreError::Damaged`], with the table and the key.
pub fn unseal<'a>(table: &str, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], StoreError> {
    unseal_as(VERSION, table, key, value)
}

fn unseal_as<'a>(version: u8, table: &str, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let damaged = |what: &str| {
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        StoreError::Damaged(format!("row {key} of table `{table}` {what}"))
    };
    let (head, body) = value.split_at_checked(HEAD_BYTES).ok_or_else(|| damaged("is too short"))?;
    if head[0] != version {
        return Err(damaged(&format!("has layout version {}, this program knows {version}", head[0])));
    }
    if head[1..] != checksum(key, body).to_le_bytes() {
        return Err(damaged("does not match its checksum"));
    }
    Ok(body)
}

/// Wrap a value in postcard's encoding (<https://postcard.jamesmunns.com/wire-format>).
///
/// # Errors
///
/// [`StoreError::Io`], for a value that the encoding does not have; none of the store's is.
pub fn encode<T: Serialize>(key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    encode_as(VERSION, key, value)
}

/// As [`encode`], in a later version of the row's layout.
///
/// # Errors
///
/// As there.
pub fn encode_as<T: Serialize>(version: u8, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    let body = postcard::to_stdvec(value).map_err(|error| StoreError::Io(format!("cannot encode a row: {error}")))?;
    Ok(seal_as(version, key, &body))
}

/// Unwrap a value in postcard's encoding.
///
/// # Errors
///
/// [`StoreError::Damaged`], with the table.
pub fn decode<T: DeserializeOwned>(table: &str, key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    decode_as(VERSION, table, key, value)
}

/// As [`decode`], in a later version of the row's layout.
///
/// # Errors
///
/// As there.
pub fn decode_as<T: DeserializeOwned>(version: u8, table: &str, key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    let body = unseal_as(version, table, key, value)?;
    postcard::from_bytes(body).map_err(|error| {
        StoreError::Damaged(format!(
            "a row of table `{table}` cannot be decoded ({error}), though its checksum is right"
        ))
    })
}

// The low half of the hash: the cast is the definition above.
#[allow(clippy::cast_possible_truncation)]
fn checksum(key: &[u8], body: &[u8]) -> u32 {
    let mut hash = Xxh3::new();
    hash.update(key);
    hash.update(body);
    hash.digest() as u32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_body_comes_back_and_a_flipped_bit_does_not(key: [u8; 4], body: Vec<u8>, at: proptest::sample::Index, bit in 0..8u8) {
            let mut value = seal(&key, &body);
            prop_assert_eq!(unseal("t", &key, &value).unwrap(), &body[..]);
            let at = at.index(value.len());
            value[at] ^= 1 << bit;
            prop_assert!(unseal("t", &key, &value).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(key: Vec<u8>, value: Vec<u8>) {
            prop_assert!(decode::<Vec<crate::store::Tombstone>>("t", &key, &value).is_err());
        }
    }

    #[test]
    fn a_row_under_another_key_is_found() {
        let value = seal(b"one", b"body");
        let error = unseal("records", b"two", &value).unwrap_err().to_string();
        assert!(error.contains("row 74776f of table `records` does not match its checksum"), "{error}");
    }
}
