//! A change set as the bytes of a frame: [postcard](https://postcard.jamesmunns.com/wire-format) of [`ChangeSet`], its
//! fields in the order of the Rust type; behind it, where there are some, the list of its pauses, which logs of `mpy6a store 2`
//! never had. What a session was before is left out. Bodies of version 1 are laid out as [`before`](crate::store::before) says.

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;

use crate::store::{ChangeSet, StoreError, before::ChangeSetV1, log::frame::VERSION_FIRST};

/// A buffer that grew larger than this for one change set is given back after it, in bytes.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

/// Encode into a buffer, whose content is replaced.
///
/// # Errors
///
/// None is known.
pub fn encode(changes: &ChangeSet, buffer: &mut Vec<u8>) -> Result<(), StoreError> {
    buffer.clear();
    buffer.shrink_to(BUFFER_KEPT_BYTES);
    let fail = |error| StoreError::Io(format!("cannot encode a commit: {error}"));
    postcard::serialize_with_flavor(changes, Into(buffer)).map_err(fail)?;
    if !changes.pauses.is_empty() {
        postcard::serialize_with_flavor(&changes.pauses, Into(buffer)).map_err(fail)?;
    }
    Ok(())
}

/// Decode a body of today's version.
///
/// # Errors
///
/// [`StoreError::Damaged`]: these bytes are no change set.
pub fn decode(bytes: &[u8]) -> Result<ChangeSet, StoreError> {
    decode_with(bytes, |changes: ChangeSet| changes)
}

/// Decode a body of this version, which [`frame::head`](crate::store::log::frame::head) knows.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_as(version: u8, bytes: &[u8]) -> Result<ChangeSet, StoreError> {
    match version {
        VERSION_FIRST => decode_with(bytes, |changes: ChangeSetV1| changes.into()),
        _ => decode(bytes),
    }
}

fn decode_with<T: DeserializeOwned>(bytes: &[u8], to: impl FnOnce(T) -> ChangeSet) -> Result<ChangeSet, StoreError> {
    let no_changes = |what: String| StoreError::Damaged(format!("a commit in the log cannot be decoded ({what})"));
    let fail = |error: postcard::Error| no_changes(error.to_string());
    let (changes, mut rest) = postcard::take_from_bytes(bytes).map_err(fail)?;
    let mut changes = to(changes);
    if !rest.is_empty() {
        (changes.pauses, rest) = postcard::take_from_bytes(rest).map_err(fail)?;
    }
    match rest {
        [] => Ok(changes),
        rest => Err(no_changes(format!("{} bytes too many", rest.len()))),
    }
}

/// Writes into a vector that stays its owner's.
struct Into<'a>(&'a mut Vec<u8>);

impl Flavor for Into<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::store::Pause;

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            if let Ok(changes) = decode(&bytes) {
                let mut again = Vec::new();
                encode(&changes, &mut again).unwrap();
                prop_assert_eq!(format!("{:?}", decode(&again).unwrap()), format!("{changes:?}"));
            }
        }
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused() {
        let mut bytes = Vec::new();
        encode(&ChangeSet::default(), &mut bytes).unwrap();
        decode(&bytes).unwrap();
        assert!(matches!(decode(&bytes[1..]), Err(StoreError::Damaged(_))));
        bytes.extend([0, 0]);
        assert!(decode(&bytes).unwrap_err().to_string().contains("1 bytes too many"));
    }

    #[test]
    fn pauses_come_back() {
        let pauses = vec![(7, Some(Pause { since_ms: 5 })), (u32::MAX, None)];
        let mut bytes = Vec::new();
        encode(&ChangeSet { pauses: pauses.clone(), ..ChangeSet::default() }, &mut bytes).unwrap();
        assert_eq!(decode(&bytes).unwrap().pauses, pauses);
    }
}
