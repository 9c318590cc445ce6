//! Requests opened and taken back, headers without end or measure.

use super::{
    config, memory, others_go_on,
    raw::{CONTINUATION, END_HEADERS, END_STREAM, HEADERS, RESET, Raw, frame, header, request},
};
use crate::harness::Host;

const NEW: &str = "/mpy6a.v1.Truba/New";

/// The error of HTTP/2 for those who overdo it.
const ENHANCE_YOUR_CALM: u32 = 11;

/// How much a host may grow by what one hostile connection does, in bytes.
const GROWTH_MAX: u64 = 64 << 20;

#[tokio::test]
pub async fn a_flood_of_resets_ends_its_connection_and_no_other() {
    let host = Host::start(&config()).await;
    let honest = host.open(1, "before").await;
    let before = memory(&host);
    let mut raw = Raw::open(host.port(), &[]).await;
    // Many in one write: the host sees a request and its end at the same time.
    let flood: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| {
            let stream = 2 * n + 1;
            let open = frame(HEADERS, END_HEADERS, stream, &request(NEW));
            [open, frame(RESET, 0, stream, &8_u32.to_be_bytes())].concat()
        })
        .collect();
    raw.send(&flood).await;
    assert_eq!(raw.ended().await, Some(ENHANCE_YOUR_CALM));
    host.append(honest, 1, "goes on").await.unwrap();
    others_go_on(&host).await;
    assert!(memory(&host) < before + GROWTH_MAX);
}

#[tokio::test]
pub async fn oversized_headers_are_refused_and_their_connection_goes_on_or_ends() {
    let host = Host::start(&config()).await;
    // 60 KiB in frames of the longest length that is allowed, whole and in order: only their sum is too much.
    let mut block = request(NEW);
    for n in 0..60 {
        block.extend(header(&format!("x-{n}"), &"v".repeat(1_000)));
    }
    let mut raw = Raw::open(host.port(), &[]).await;
    let mut parts = block.chunks(16_000).peekable();
    let first = parts.next().unwrap();
    raw.send(&frame(HEADERS, END_STREAM, 1, first)).await;
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_none() { END_HEADERS } else { 0 };
        raw.send(&frame(CONTINUATION, flags, 1, part)).await;
    }
    // Whatever the answer is, it is one: a status 431, a reset of the stream, or the end of the connection.
    let answered = async {
        loop {
            match raw.next().await {
                None => return "the end".to_owned(),
                Some((HEADERS, payload)) => return format!("headers {payload:?}"),
                Some((RESET, _)) => return "a reset".to_owned(),
                Some((super::raw::GOAWAY, _)) => return "goaway".to_owned(),
                Some(_) => {}
            }
        }
    };
    let answer = answered.await;
    // `:status` 200, as HPACK has it in one byte.
    assert!(!answer.starts_with("headers [136"), "it was taken: {answer}");
    let page = host.kind(1).await;
    assert_eq!(page.active, 0, "a session was opened");
    others_go_on(&host).await;
}

#[tokio::test]
pub async fn headers_without_end_are_cut_off_before_they_take_memory() {
    let host = Host::start(&config()).await;
    let before = memory(&host);
    let mut raw = Raw::open(host.port(), &[]).await;
    raw.send(&frame(HEADERS, END_STREAM, 1, &request(NEW))).await;
    let part = frame(CONTINUATION, 0, 1, &header("x", &"v".repeat(16_000)));
    let mut sent = 0_u64;
    // As much again as the host may grow, if it is not stopped.
    while sent < 2 * GROWTH_MAX && raw.send(&part).await {
        sent += part.len() as u64;
    }
    assert!(sent < 2 * GROWTH_MAX, "the host took {sent} bytes of headers");
    raw.ended().await;
    others_go_on(&host).await;
    assert!(memory(&host) < before + GROWTH_MAX);
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection() {
    let host = Host::start(&config()).await;
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xFF; 100_000],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxx".to_vec(),
    ] {
        let socket = Raw::silent("127.0.0.1", host.port()).await.unwrap();
        let mut raw = Raw { socket };
        raw.send(&bytes).await;
        raw.ended().await;
    }
    others_go_on(&host).await;
}
