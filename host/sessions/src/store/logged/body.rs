//! A change set as the bytes of a frame: [postcard](https://postcard.jamesmunns.com/wire-format) of [`ChangeSet`], its
//! fields in the order of the Rust type. What a session was before is left out.

use postcard::ser_flavors::Flavor;

use crate::store::{ChangeSet, StoreError};

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
    postcard::serialize_with_flavor(changes, Into(buffer))
        .map_err(|error| StoreError::Io(format!("cannot encode a commit: {error}")))
}

/// Decode.
///
/// # Errors
///
/// [`StoreError::Damaged`]: these bytes are no change set.
pub fn decode(bytes: &[u8]) -> Result<ChangeSet, StoreError> {
    let no_changes = |what: String| StoreError::Damaged(format!("a commit in the log cannot be decoded ({what})"));
    match postcard::take_from_bytes(bytes) {
        Ok((changes, [])) => Ok(changes),
        Ok((_, rest)) => Err(no_changes(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(no_changes(error.to_string())),
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
        bytes.push(0);
        assert!(decode(&bytes).unwrap_err().to_string().contains("1 bytes too many"));
    }
}
