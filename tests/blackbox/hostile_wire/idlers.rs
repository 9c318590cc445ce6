//! Thousands of connections that say nothing, or no more; a TLS handshake that stalls.

use std::fs;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{config, memory, others_go_on, raw::Raw};
use crate::harness::{Authority, Host, PATIENCE, until};

/// How many silent connections.
const MANY: usize = 2_000;

/// How many of them one address may have.
const PER_ADDRESS: u32 = 100;

/// Whether the host has closed it.
async fn closed(socket: &mut TcpStream) {
    let mut bytes = [0; 1024];
    let to_the_end = async { while socket.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    timeout(PATIENCE, to_the_end).await.expect("the host closes it");
}

#[tokio::test]
pub async fn thousands_of_silent_connections_keep_nobody_out_and_are_closed() {
    let bounds = config().set("limits.connections", 300).set("limits.connections_per_address", PER_ADDRESS);
    let host = Host::start(&bounds.set("limits.first_request", "20s")).await;
    let honest = host.open(1, "before").await;
    let before = memory(&host);
    // Two hostile addresses leave a third of the places to all others, however many they try.
    let mut silent = Vec::new();
    for n in 0..MANY {
        let from = if n % 2 == 0 { "127.0.0.2" } else { "127.0.0.3" };
        silent.push(Raw::silent(from, host.port()).await.unwrap());
    }
    others_go_on(&host).await;
    host.append(honest, 1, "goes on").await.unwrap();
    assert!(memory(&host) < before + (64 << 20));
    for mut socket in silent {
        closed(&mut socket).await;
    }
    // Their places are free again.
    for _ in 0..PER_ADDRESS / 2 {
        let mut again = Raw::silent("127.0.0.2", host.port()).await.unwrap();
        let unread = timeout(std::time::Duration::from_millis(1), again.read(&mut [0])).await;
        assert!(!matches!(unread, Ok(Ok(0))), "it was closed at once");
    }
    others_go_on(&host).await;
}

#[tokio::test]
pub async fn a_connection_without_requests_is_closed_and_one_with_a_stream_is_not() {
    let host = Host::start(&config().set("limits.first_request", "1s").set("limits.idle", "1s")).await;
    let mut stream = host.connect().stream().await;
    stream.open(1, 1, "held").await;
    let mut raw = Raw::open(host.port(), &[]).await;
    let ask = super::raw::frame(
        super::raw::HEADERS,
        super::raw::END_HEADERS | super::raw::END_STREAM,
        1,
        &super::raw::request("/grpc.health.v1.Health/Check"),
    );
    raw.send(&ask).await;
    raw.ended().await;
    stream.open(2, 1, "still").await;
    // Half a request is none.
    let mut half = Raw::open(host.port(), &[]).await;
    half.send(&ask[..20]).await;
    half.ended().await;
    // Whoever comes back connects anew, and notices nothing.
    others_go_on(&host).await;
}

#[tokio::test]
pub async fn a_tls_handshake_that_stalls_keeps_nobody_waiting_and_is_given_up() {
    let authority = Authority::new("one");
    let tls = config().set("tls.certificate", "cert.pem").set("tls.key", "key.pem");
    let tls = tls.set("admin.tls.certificate", "cert.pem").set("admin.tls.key", "key.pem");
    let mut host = Host::prepare(&tls.set("limits.first_request", "5s"));
    let pair = authority.host();
    fs::write(host.path("cert.pem"), pair.certificate).unwrap();
    fs::write(host.path("key.pem"), pair.key).unwrap();
    host.speak(super::super::security::trusting(&authority));
    host.launch().await;
    let mut stalled = Vec::new();
    for n in 0..100 {
        let mut socket = Raw::silent("127.0.0.2", host.port()).await.unwrap();
        if n % 2 == 0 {
            // The beginning of a ClientHello that says it has 512 bytes.
            socket.write_all(&[22, 3, 1, 2, 0, 1, 0]).await.unwrap();
        }
        stalled.push(socket);
    }
    others_go_on(&host).await;
    for mut socket in stalled {
        closed(&mut socket).await;
    }
    until("others are served", async || host.connect().is_serving().await.then_some(())).await;
}
