//! Protobuf for gRPC, with a bound on what a message unfolds to, and with buffers of the size of what is sent.
//!
//! An element of a list may take two bytes on the wire and a hundred times that in memory, so a bound on a message's length
//! bounds little. The elements are counted before anything is unfolded. Service `Truba` has lists in its messages, and no
//! lists within them.
//!
//! A call takes two buffers, and tonic's are 8 KiB each whatever goes into them. A record is a slice of the buffer that it
//! arrived in and keeps it whole, so of a host's memory most was such buffers: 240 of 284 MB while it stored sessions with
//! records of 200 bytes.

use std::marker::PhantomData;

use prost::{Message, bytes::Buf as _, encoding};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_prost::{ProstCodec, ProstDecoder};

/// Bytes of a buffer at first; it grows. Most messages fit: a record of 200 bytes and what belongs to it. tonic wants twice
/// a message's length of the buffer that it is read into.
const BUFFER_BYTES: usize = 512;

/// Bytes after which a stream's messages are handed to the transport, though more are ready: as in tonic.
const YIELD_BYTES: usize = 32 << 10;

/// Most fields of a message, each element of a list counted: a list of [`ELEMENTS_MAX`] and whatever stands beside it.
const FIELDS_MAX: usize = ELEMENTS_MAX + 100;

/// Most elements of a list in a message.
pub const ELEMENTS_MAX: usize = 10_000;

/// The codec of service `Truba`.
#[derive(Debug)]
pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

fn buffers() -> BufferSettings {
    BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ExactEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ExactEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstCodec::<T, U>::raw_decoder(buffers()))
    }
}

/// Makes room for a message, then encodes it.
#[derive(Debug)]
pub struct ExactEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for ExactEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(message.encoded_len());
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}

/// Counts, then decodes.
#[derive(Debug)]
pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if has_too_many_fields(buffer.chunk()) {
            return Err(Status::invalid_argument(format!(
                "the message has a list of more than {ELEMENTS_MAX} elements: send several messages"
            )));
        }
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Whether a message has more than [`FIELDS_MAX`] fields. Where it is malformed the count ends: decoding ends there, too.
fn has_too_many_fields(mut message: &[u8]) -> bool {
    // The shortest field takes two bytes.
    if message.len() <= 2 * FIELDS_MAX {
        return false;
    }
    let mut fields = 0;
    while !message.is_empty() && fields <= FIELDS_MAX {
        let Ok((tag, kind)) = encoding::decode_key(&mut message) else { break };
        let context = encoding::DecodeContext::default();
        if encoding::skip_field(kind, tag, &mut message, context).is_err() {
            break;
        }
        fields += 1;
    }
    fields > FIELDS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;

    #[test]
    fn a_full_list_passes_and_a_longer_one_does_not() {
        let index = Some(v1::Index { term: 1, index: 2 });
        let handles = |count| vec![v1::Handle { id: index, key: 3 }; count];
        for (count, too_many) in [(0, false), (ELEMENTS_MAX, false), (FIELDS_MAX + 1, true), (1 << 20, true)] {
            let renew = v1::RenewRequest { handles: handles(count), ..Default::default() };
            assert_eq!(has_too_many_fields(&renew.encode_to_vec()), too_many, "{count}");
            let empty = v1::OperateRequest { operations: vec![v1::Operation::default(); count], ..Default::default() };
            assert_eq!(has_too_many_fields(&empty.encode_to_vec()), too_many, "{count}");
        }
    }

    #[test]
    fn a_long_record_is_one_field() {
        let record = vec![10; 1 << 20].into();
        let append = v1::AppendRequest { record, ..v1::AppendRequest::default() };
        assert!(!has_too_many_fields(&append.encode_to_vec()));
    }

    #[test]
    fn what_is_no_message_is_left_to_the_decoder() {
        assert!(!has_too_many_fields(&[0xFF; 1 << 16]));
    }
}
