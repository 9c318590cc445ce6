//! Peers that ask and do not read.

use mpy6a_proto::v1;
use prost::Message as _;

use super::{
    config, memory, others_go_on,
    raw::{DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, RESET, Raw, frame, message, request},
};
use crate::harness::{Host, until};

/// How long the one record is that is asked for again and again, in bytes.
const RECORD_BYTES: usize = 1 << 20;

/// How often one connection asks for it.
const ASKS: u32 = 100;

/// How many do so.
const CONNECTIONS: usize = 10;

#[tokio::test]
pub async fn answers_that_are_not_read_take_bounded_memory_and_others_go_on() {
    let host = Host::start(&config()).await;
    let handle = host.open(1, vec![7; RECORD_BYTES - 1_000]).await;
    let ask = message(&v1::GetSessionRequest { id: handle.id }.encode_to_vec());
    let before = memory(&host);
    let mut slow = Vec::new();
    for _ in 0..CONNECTIONS {
        // Nothing may be sent to it.
        let mut raw = Raw::open(host.ports().operators, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        for n in 0..ASKS {
            let stream = 2 * n + 1;
            raw.send(&frame(HEADERS, END_HEADERS, stream, &request("/mpy6a.v1.Admin/GetSession"))).await;
            raw.send(&frame(DATA, END_STREAM, stream, &ask)).await;
        }
        // Each is answered as far as may be: with headers and no more, or it is refused.
        let mut answered = 0;
        while answered < ASKS {
            let (kind, _) = raw.next().await.expect("the connection is kept");
            answered += u32::from(kind == HEADERS || kind == RESET);
        }
        slow.push(raw);
    }
    // A thousand answers of a MiB were asked for; 128 requests of operators are under way at once.
    let grown = memory(&host).saturating_sub(before);
    assert!(grown < 400 << 20, "the host grew by {} MiB", grown >> 20);
    others_go_on(&host).await;
    drop(slow);
    until("operators are served again", async || {
        let listed = host.connect().admin.clone().list_kinds(v1::ListKindsRequest {}).await;
        listed.is_ok().then_some(())
    })
    .await;
}

#[tokio::test]
pub async fn a_stream_whose_answers_are_not_read_is_not_read_either() {
    let host = Host::start(&config()).await;
    let mut raw = Raw::open(host.port(), &[(INITIAL_WINDOW_SIZE, 0)]).await;
    raw.send(&frame(HEADERS, END_HEADERS, 1, &request("/mpy6a.v1.Truba/Operate"))).await;
    let new = v1::NewRequest { kind: 1, record: Some(vec![7; 1_000].into()), ..v1::NewRequest::default() };
    let operation = |local: u64| v1::Operation {
        tag: local,
        session: Some(v1::operation::Session::Local(local)),
        number: 0,
        what: Some(v1::operation::What::New(new.clone())),
    };
    let before = memory(&host);
    // As much as flow control lets through without a word from the host: the connection's window is a MiB, and it never grows
    // here, since nobody here reads that it does.
    let mut sent = 0;
    for local in 1.. {
        let bytes =
            message(&v1::OperateRequest { operations: vec![operation(local)], ..Default::default() }.encode_to_vec());
        if sent + bytes.len() > super::raw::WINDOW_BYTES {
            break;
        }
        sent += bytes.len();
        assert!(raw.send(&frame(DATA, 0, 1, &bytes)).await);
    }
    others_go_on(&host).await;
    assert!(memory(&host) < before + (64 << 20));
    let done = host.kind(1).await.active;
    assert!(done <= 64, "{done} sessions");
}
