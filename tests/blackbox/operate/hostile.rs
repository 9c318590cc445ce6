//! What no honest client sends.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use mpy6a_proto::v1::{SessionState, answer::Outcome};
use tokio::time::timeout;
use tonic::{Code, Request, Status, client::Grpc};

use super::{host, paused};
use crate::harness::{
    Config, Host, PATIENCE, Refused, Wire,
    streamed::{append, applied, local, new, opened, refused},
};

/// Sends bytes in the place of messages.
mod raw {
    use bytes::{Buf as _, BufMut as _, Bytes};
    use tonic::{
        Status,
        codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    };

    #[derive(Default)]
    pub struct Raw;

    impl Codec for Raw {
        type Encode = Bytes;
        type Decode = Bytes;
        type Encoder = Self;
        type Decoder = Self;

        fn encoder(&mut self) -> Self {
            Self
        }

        fn decoder(&mut self) -> Self {
            Self
        }
    }

    impl Encoder for Raw {
        type Item = Bytes;
        type Error = Status;

        fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
            buffer.put(item);
            Ok(())
        }
    }

    impl Decoder for Raw {
        type Item = Bytes;
        type Error = Status;

        fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
            Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
        }
    }
}

/// Send this on a stream; how the host ends it.
async fn ended_by(wire: &Wire, message: Bytes) -> Status {
    let mut grpc = Grpc::new(wire.channel.clone());
    grpc.ready().await.unwrap();
    let requests = tokio_stream::StreamExt::chain(tokio_stream::iter([message]), tokio_stream::pending());
    let path = PathAndQuery::from_static("/mpy6a.v1.Truba/Operate");
    let ended = async {
        let mut answers = grpc.streaming(Request::new(requests), path, raw::Raw).await?.into_inner();
        while answers.message().await?.is_some() {}
        Ok::<_, Status>(())
    };
    timeout(PATIENCE, ended).await.expect("the host ends it").unwrap_err()
}

#[tokio::test]
async fn what_is_no_message_ends_the_stream_and_nothing_else() {
    let host = host(paused().set("delay", "1000s").set("lease", "1h")).await;
    let handle = host.open(1, "a").await;
    let other = host.stream().await;
    for garbage in [&[0xFF; 100][..], &[0x0A, 0x7F, 1], &[0x0A, 0x02, 0x32, 0x7F], b"\x0a\x03\x22\xff\xff"] {
        let status = ended_by(&host, Bytes::copy_from_slice(garbage)).await;
        assert!(matches!(status.code(), Code::Internal | Code::InvalidArgument), "{status:?}");
    }
    host.append(handle, 1, "b").await.unwrap();
    let mut other = other;
    other.open(1, 1, "a").await;
}

#[tokio::test]
async fn a_message_that_is_too_long_has_the_name_that_it_has_in_a_call() {
    let host = Host::start(&Config::of([paused().set("lease", "1h")]).set("limits.record", "4KiB")).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "a").await.handle.unwrap();
    let tag = stream.ask([append(local(1), 1, "before")]).await[0];
    stream.send(vec![append(local(1), 2, vec![7; 1 << 20])]).await;
    applied(stream.answer(tag).await);
    Refused::from(stream.end().await.unwrap_err()).says(Code::ResourceExhausted, "RECORD_TOO_LARGE", "elsewhere");
    let seen = host.in_state(handle.id.unwrap(), SessionState::Stored).await;
    assert_eq!(seen.records, ["a", "before"].map(Bytes::from));
}

#[tokio::test]
async fn more_operations_than_a_message_may_have_are_refused_before_they_take_memory() {
    let host = host(paused()).await;
    // Operations that say nothing take two bytes each on the wire, and a hundred times that in memory.
    let status = ended_by(&host, Bytes::from([0x0A, 0].repeat(500_000))).await;
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert!(status.message().contains("10"), "{status:?}");
}

#[tokio::test]
async fn equal_tags_are_the_clients_own_affair() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    stream.send(vec![new(1, 1, "a"), append(local(1), 1, "b"), append(local(2), 1, "c")]).await;
    let mut outcomes = Vec::new();
    while outcomes.len() < 3 {
        let message = timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap();
        assert!(message.answers.iter().all(|answer| answer.tag == 0));
        outcomes.extend(message.answers.into_iter().map(|answer| answer.outcome.unwrap()));
    }
    opened(outcomes[0].clone());
    applied(outcomes[1].clone());
    refused(outcomes[2].clone());
}

#[tokio::test]
async fn sessions_of_one_stream_have_a_bound_and_past_it_the_rest_goes_on() {
    const MAX: u64 = 1 << 16;
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let mut refusals = Vec::new();
    let extra = 100;
    let numbers: Vec<u64> = (0..MAX + extra).collect();
    for some in numbers.chunks(4096) {
        for outcome in stream.all(some.iter().map(|n| new(*n, 1, ""))).await {
            if let Outcome::Refused(refused) = outcome {
                refusals.push(refused.reason);
            }
        }
    }
    assert_eq!(refusals, vec!["STREAM_FULL"; usize::try_from(extra).unwrap()]);
    applied(stream.one(append(local(MAX - 1), 1, "a")).await);
    applied(stream.one(crate::harness::streamed::delete(local(0), 1)).await);
    stream.open(MAX, 1, "there is room for one again").await;
}
