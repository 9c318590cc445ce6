//! Strangers, who have no token: whatever they hold, those who have one are served throughout.

use mpy6a_proto::v1::{self, SessionState};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::raw::{
    DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, Raw, frame, message, page, request, request_by,
};
use crate::{
    harness::{Caller, Config, Host, Kind, PATIENCE, until, wat},
    security::{digest, token},
};

const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Most streams that the host allows on a connection, of clients and of operators.
const STREAMS: [u32; 2] = [512, 72];

/// A host with somebody who may open sessions and look, and nobody else.
fn config() -> Config {
    let shop = format!("name = \"shop\"\ntoken = \"{}\"\nopen = \"*\"\nread = true", digest("shop"));
    Config::of([Kind::new(1, wat("bare-delete")).set("delay", "1h").set("lease", "1h")]).admit(&shop)
}

/// Somebody with a token is served, on both listeners.
async fn is_served(shop: &Caller) {
    shop.new_session(1).await.unwrap();
    shop.kinds().await.unwrap();
}

/// A call of this method, whose message is empty.
fn call(stream: u32, path: &str) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, &request(path)), frame(DATA, END_STREAM, stream, &message(&[]))].concat()
}

#[tokio::test]
pub async fn watches_of_the_health_keep_nobody_out() {
    let host = Host::start(&config()).await;
    let shop = host.with_token(&token("shop"));
    let mut watching = Vec::new();
    for n in 0..16 {
        let (port, streams) = if n % 2 == 0 { (host.port(), STREAMS[0]) } else { (host.ports().operators, STREAMS[1]) };
        let mut raw = Raw::open(port, &[]).await;
        for n in 0..streams {
            raw.send(&call(2 * n + 1, WATCH)).await;
        }
        watching.push((raw, streams));
        is_served(&shop).await;
    }
    for (raw, streams) in &mut watching {
        let mut watches = 0;
        for _ in 0..*streams {
            watches += u32::from(!raw.answered_by_headers().await);
        }
        assert_eq!(watches, 2, "the others are refused");
    }
    assert!(host.is_serving().await, "health is told to others");
}

/// A connection from this address that watches the host's health over HTTP/1, answered so far, and has sent a byte of what would follow.
async fn watching_by_http_1(from: &str, port: u16) -> TcpStream {
    let mut socket = Raw::silent(from, port).await.unwrap();
    let head = format!(
        "POST {WATCH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n"
    );
    socket.write_all(&[head.as_bytes(), &message(&[]), b"G"].concat()).await.unwrap();
    let answered = timeout(PATIENCE, socket.read_u8()).await.expect("it is answered, or makes room");
    assert_eq!(answered.unwrap(), b'H', "of HTTP/1.1");
    socket
}

/// Whether the host has closed it by now.
fn is_closed(socket: &TcpStream) -> bool {
    loop {
        match socket.try_read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

#[tokio::test]
pub async fn watches_by_http_1_that_are_not_read_any_more_keep_no_operator_out() {
    let host = Host::start(&config()).await;
    let mut watching = Vec::new();
    for n in 0..70 {
        watching.push(watching_by_http_1(&format!("127.0.0.{}", 2 + n % 4), host.ports().operators).await);
    }
    let shop = host.with_token(&token("shop"));
    timeout(PATIENCE, shop.kinds()).await.expect("there is a place").unwrap();
    let closed = async || (watching.iter().filter(|socket| is_closed(socket)).count() > 70 - 64).then_some(());
    until("those past the bound are closed, and one for the operator", closed).await;
}

#[tokio::test]
pub async fn a_message_that_is_said_to_be_long_is_refused_before_it_comes() {
    let host = Host::start(&config()).await;
    for port in [host.port(), host.ports().operators] {
        for path in [
            "/grpc.health.v1.Health/Check",
            WATCH,
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            "/mpy6a.v1.Admin/ListKinds",
        ] {
            let mut raw = Raw::open(port, &[]).await;
            let head = frame(HEADERS, END_HEADERS, 1, &request_by(&token("shop"), path));
            // Its first five bytes: it has a MiB.
            raw.send(&[head, frame(DATA, 0, 1, &[0, 0, 16, 0, 0])].concat()).await;
            let ended = async { while !raw.answered_by_headers().await {} };
            timeout(PATIENCE, ended).await.unwrap_or_else(|_| panic!("{path} waits for its message"));
        }
    }
}

#[tokio::test]
pub async fn refusals_that_nobody_takes_keep_nobody_out() {
    let host = Host::start(&config()).await;
    let shop = host.with_token(&token("shop"));
    let mut slow = Vec::new();
    let operators = (host.ports().operators, STREAMS[1]);
    for ((port, streams), path) in [
        (operators, "/metrics"),
        (operators, "/"),
        (operators, "/console/main.js"),
        (operators, "/no/such/page"),
        ((host.port(), STREAMS[0]), "/metrics"),
    ] {
        // Nothing may be sent to it but headers.
        let mut raw = Raw::open(port, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        for n in 0..streams {
            raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &page(path))).await;
        }
        let mut with_words = 0;
        for _ in 0..streams {
            with_words += u32::from(!raw.answered_by_headers().await);
        }
        assert!(with_words <= 32, "{with_words} answers wait to be taken");
        slow.push(raw);
        is_served(&shop).await;
    }
}

#[tokio::test]
pub async fn a_connection_that_only_holds_what_needs_no_right_is_idle() {
    let host = Host::start(&config().set("limits.first_request", "1s").set("limits.idle", "1s")).await;
    let shop = host.with_token(&token("shop"));
    let mut stream = shop.stream().await.unwrap();
    stream.open(1, 1, "held").await;
    let (clients, operators) = (host.port(), host.ports().operators);
    let shut = [(INITIAL_WINDOW_SIZE, 0)];
    let half = frame(HEADERS, END_HEADERS, 1, &request("/grpc.health.v1.Health/Check"));
    for (port, settings, asks) in [
        (clients, [].as_slice(), call(1, WATCH)),
        (operators, &[], call(1, WATCH)),
        (clients, &shut, call(1, WATCH)),
        (clients, &shut, call(1, "/grpc.health.v1.Health/Check")),
        (clients, &[], half),
        (clients, &shut, frame(HEADERS, END_HEADERS | END_STREAM, 1, &page("/metrics"))),
        (operators, &shut, frame(HEADERS, END_HEADERS | END_STREAM, 1, &page("/metrics"))),
        (operators, &shut, frame(HEADERS, END_HEADERS | END_STREAM, 1, &page("/"))),
    ] {
        let mut raw = Raw::open(port, settings).await;
        raw.send(&asks).await;
        timeout(PATIENCE, raw.ended()).await.expect("it is closed");
    }
    let mut by_http_1 = watching_by_http_1("127.0.0.1", operators).await;
    let read = timeout(PATIENCE, by_http_1.read_to_end(&mut Vec::new())).await;
    drop(read.expect("it is closed"));
    stream.open(2, 1, "who has a right to it keeps a connection").await;
}

#[tokio::test]
async fn a_token_that_is_withdrawn_keeps_nothing_though_its_client_takes_no_answers() {
    let host = Host::start(&config()).await;
    let shop = host.with_token(&token("shop"));
    let mut raw = Raw::open(host.port(), &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let operate = request_by(&token("shop"), "/mpy6a.v1.Truba/Operate");
    let what = v1::operation::What::New(v1::NewRequest { kind: 1, ..v1::NewRequest::default() });
    let session = Some(v1::operation::Session::Local(1));
    let operation = v1::Operation { tag: 1, session, number: 0, what: Some(what) };
    let new = message(&v1::OperateRequest { operations: vec![operation], ..Default::default() }.encode_to_vec());
    raw.send(&[frame(HEADERS, END_HEADERS, 1, &operate), frame(DATA, 0, 1, &new)].concat()).await;
    let state = async |by: &Caller| {
        let request = v1::ListSessionsRequest::default();
        let listed = by.admin.clone().list_sessions(request).await.ok()?.into_inner();
        listed.sessions.first().map(v1::SessionSummary::state)
    };
    until("the session is open", async || state(&shop).await.filter(|state| *state == SessionState::Active)).await;
    let eyes = format!("name = \"eyes\"\ntoken = \"{}\"\nread = true", digest("eyes"));
    host.configure(&Config::of([Kind::new(1, wat("bare-delete")).set("delay", "1h").set("lease", "1h")]).admit(&eyes));
    let eyes = host.with_token(&token("eyes"));
    // To the host the client is gone: what it began is stored.
    until("its session is stored", async || state(&eyes).await.filter(|state| *state == SessionState::Stored)).await;
    drop(raw);
}
