//! Messages from bytes.

use std::fmt::Debug;

use prost::Message;

use crate::memory::Bound;

/// An element of a list takes two bytes of a message at least, and some hundred of memory.
const MEMORY: Bound = Bound { factor: 256, base: 4 << 10 };

/// A message, if the bytes are one.
pub fn decode<M: Message + Default + PartialEq + Debug>(bytes: &[u8]) -> Option<M> {
    let message = MEMORY.hold(bytes.len(), || M::decode(bytes)).ok()?;
    let encoded = message.encode_to_vec();
    assert_eq!(encoded.len(), message.encoded_len());
    assert_eq!(M::decode(encoded.as_slice()).as_ref(), Ok(&message));
    Some(message)
}
