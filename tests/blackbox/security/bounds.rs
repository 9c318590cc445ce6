//! Every bound of the table in `docs/security.md`, filled by those whom it is to stop: what is past it is refused, and others are
//! served.
//!
//! [`FILLED`] names the test of each row. Some stand with what else they are about.

use mpy6a_proto::v1::{self, renewed::Outcome};
use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::{config, guarded, token};
use crate::{
    console, errors,
    harness::{Caller, Host, PATIENCE, Refused, Wire, until, with_files},
    hostile_wire::{
        crowd, floods, idlers,
        raw::{DATA, END_HEADERS, END_STREAM, HEADERS, RESET, Raw, frame, message, request, request_by},
        slow, strangers,
    },
    lifecycle, operate,
    telemetry::metrics::{scrape, value},
};

const DOCUMENTED: &str = include_str!("../../../docs/security.md");

/// A row of the table, and the tests that fill it.
type Filled = (&'static str, &'static [fn()]);

/// The rows of the table, and the tests that fill them.
const FILLED: &[Filled] = &[
    ("connections of clients", &[connections_of_clients, connections_of_clients_who_were_let_in]),
    (
        "connections of operators",
        &[connections_of_operators, strangers::watches_by_http_1_that_are_not_read_any_more_keep_no_operator_out],
    ),
    (
        "connections that say nothing",
        &[
            idlers::thousands_of_silent_connections_keep_nobody_out_and_are_closed,
            idlers::a_tls_handshake_that_stalls_keeps_nobody_waiting_and_is_given_up,
        ],
    ),
    (
        "connections without use",
        &[
            strangers::a_connection_that_only_holds_what_needs_no_right_is_idle,
            idlers::a_connection_without_requests_is_closed_and_one_with_a_stream_is_not,
        ],
    ),
    ("open files", &[open_files]),
    ("requests of a connection", &[requests_of_a_connection]),
    (
        "requests of clients",
        &[crowd::one_request_more_than_the_bound_is_refused_at_once_with_advice_and_health_still_answers],
    ),
    ("requests of operators", &[requests_of_operators]),
    ("watches of a connection", &[watches_of_a_connection, strangers::watches_of_the_health_keep_nobody_out]),
    (
        "other requests without a right",
        &[requests_without_a_right, strangers::refusals_that_nobody_takes_keep_nobody_out],
    ),
    (
        "headers of a request",
        &[
            floods::oversized_headers_are_refused_and_their_connection_goes_on_or_ends,
            floods::headers_without_end_are_cut_off_before_they_take_memory,
        ],
    ),
    ("requests taken back", &[floods::a_flood_of_resets_ends_its_connection_and_no_other]),
    (
        "bytes of a message",
        &[
            errors::sizes::a_message_over_the_size_limit_gets_the_error_of_a_record,
            strangers::a_message_that_is_said_to_be_long_is_refused_before_it_comes,
            messages_of_other_services,
        ],
    ),
    ("answers that are not taken", &[slow::answers_that_are_not_read_take_bounded_memory_and_others_go_on]),
    ("log lines", &[log_lines]),
    ("handles tried", &[handles_tried]),
    (
        "answers remembered for retries",
        &[lifecycle::retries::what_one_access_asked_another_can_neither_find_nor_push_out],
    ),
    ("clients by name", &[clients_by_name]),
    ("handles of a renewal", &[errors::sizes::more_handles_in_a_renew_than_allowed]),
    ("operations in the queue", &[errors::sizes::more_operations_at_once_than_the_queue_holds]),
    (
        "operations of a stream",
        &[
            slow::a_stream_whose_answers_are_not_read_is_not_read_either,
            operate::bounds::a_client_that_does_not_read_its_answers_is_read_no_more_and_costs_little,
        ],
    ),
    (
        "records of a session",
        &[errors::sizes::a_session_over_the_limit, errors::sizes::a_session_with_too_many_records],
    ),
    ("targets of an action", &[console::routes::bodies_have_a_bound_and_targets_too]),
];

#[test]
fn every_bound_of_the_documentation_is_filled_and_every_filled_one_is_there() {
    let (_, table) = DOCUMENTED.split_once("\n## What each may use up\n").unwrap();
    let table = table.split_once("\n## ").unwrap().0;
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| bound "));
    let rows: Vec<&str> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    let filled: Vec<&str> = FILLED.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, filled, "docs/security.md on the left, the tests on the right");
    assert!(FILLED.iter().all(|(_, tests)| !tests.is_empty()));
}

/// Whether the host closes it.
async fn is_closed(socket: &mut TcpStream) -> bool {
    let mut bytes = [0; 1024];
    let to_the_end = async { while socket.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    timeout(PATIENCE, to_the_end).await.is_ok()
}

/// Whether it is open: its end has not come.
fn is_open(socket: &TcpStream) -> bool {
    loop {
        match socket.try_read(&mut [0; 1024]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

/// One silent connection more from this address than it may have: the oldest is closed, and the others stay.
async fn filled_by(from: &str, port: u16, count: u32) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..=count {
        silent.push(Raw::silent(from, port).await.unwrap());
    }
    assert!(is_closed(&mut silent.remove(0)).await, "{from} has more than {count}");
    assert!(silent.iter().all(is_open), "{from} has less than {count}");
    silent
}

/// How many connections a bound of a listener kept out.
async fn kept_out(host: &Host, listener: &str, bound: &str) -> f64 {
    let series = format!("mpy6a_kept_out_connections_total{{listener=\"{listener}\",bound=\"{bound}\"}}");
    value(&scrape(host).await, &series).unwrap()
}

/// The bound of an address was told of in the log, with this number.
async fn told_of_address(host: &Host, listener: &str, most: u64) {
    let told = host.logged("as many connections as one may have (limits.connections_per_address)").await;
    assert_eq!((told["listener"].as_str(), told["most"].as_u64()), (Some(listener), Some(most)), "{told}");
}

#[tokio::test]
async fn connections_of_clients() {
    let bounds = config().set("limits.connections", 12).set("limits.connections_per_address", 4);
    let host = Host::start(&bounds.set("limits.first_request", "10m")).await;
    let honest = host.open(1, "before").await;
    let mut taken = filled_by("127.0.0.2", host.port(), 4).await;
    host.connect().open(1, "another address").await;
    assert!(kept_out(&host, "clients", "address").await >= 1.0);
    told_of_address(&host, "listen", 4).await;
    // Three addresses together take all that others leave; and each that comes takes the place of a stranger.
    for from in ["127.0.0.3", "127.0.0.4"] {
        for _ in 0..4 {
            taken.push(Raw::silent(from, host.port()).await.unwrap());
        }
    }
    for number in 0..8 {
        taken.push(Raw::silent(&format!("127.0.0.{}", 5 + number), host.port()).await.unwrap());
        host.connect().open(1, "new ones get in").await;
    }
    host.append(honest, 1, "who is inside stays").await.unwrap();
    assert!(kept_out(&host, "clients", "total").await >= 1.0);
    host.logged("every place for connections is taken").await;
}

#[tokio::test]
async fn connections_of_clients_who_were_let_in() {
    let bounds = config().set("limits.connections", 6).set("limits.connections_per_address", 4);
    let host = Host::start(&bounds).await;
    let honest = host.open(1, "before").await;
    let mut inside = Vec::new();
    for (from, count) in [("127.0.0.2", 4), ("127.0.0.3", 1)] {
        for _ in 0..count {
            let mut raw = Raw::open_from(from, host.port(), &[]).await;
            streams(&mut raw, "none", "/mpy6a.v1.Truba/Operate", 1).await;
            assert!(!raw.answered_by_headers().await);
            inside.push(raw);
        }
    }
    // They make room for nobody: one more is closed, or waits.
    let mut fifth = Raw::silent("127.0.0.2", host.port()).await.unwrap();
    assert!(is_closed(&mut fifth).await);
    let mut waiting = Raw::open_from("127.0.0.3", host.port(), &[]).await;
    streams(&mut waiting, "none", "/mpy6a.v1.Truba/Operate", 1).await;
    until("it waits", async || (kept_out(&host, "clients", "total").await >= 1.0).then_some(())).await;
    host.append(honest, 1, "who is inside stays").await.unwrap();
    inside.pop();
    assert!(!waiting.answered_by_headers().await, "it is served");
}

#[tokio::test]
async fn connections_of_operators() {
    let host = Host::start(&guarded().set("limits.first_request", "10m")).await;
    let boss = host.with_token(&token("boss"));
    boss.kinds().await.unwrap();
    let _others = filled_by("127.0.0.2", host.ports().operators, 32).await;
    told_of_address(&host, "admin.listen", 32).await;
    // Not even at their own address operators are kept out: by 64 that say nothing, or ask for what is for anyone.
    let mut strangers = Vec::new();
    for n in 0..64 {
        let mut raw = Raw::open(host.ports().operators, &[]).await;
        if n % 2 == 0 {
            raw.send(&frame(HEADERS, END_HEADERS, 1, &request("/grpc.health.v1.Health/Watch"))).await;
            raw.send(&frame(DATA, END_STREAM, 1, &message(&[]))).await;
        }
        strangers.push(raw);
    }
    host.with_token(&token("eyes")).kinds().await.expect("a new operator gets in");
    boss.kinds().await.expect("one who is inside stays");
    let text = scrape_by(&host, "eyes").await;
    let kept_out = value(&text, "mpy6a_kept_out_connections_total{listener=\"operators\",bound=\"address\"}").unwrap();
    assert!(kept_out >= 32.0, "{kept_out}");
}

#[tokio::test]
async fn open_files() {
    let bounds =
        config().set("limits.connections", 200).set("limits.connections_per_address", 199).set("limits.runs", 8);
    let mut host = Host::prepare(&bounds.set("limits.first_request", "10m"));
    // Connections of clients and of operators, two for each run, and its own.
    let need = 200 + 64 + 2 * 8 + 128;
    let exit = host.try_launch(|| with_files(need - 1)).await.unwrap_err();
    assert_eq!(exit.code, Some(3), "{}", exit.text);
    assert!(
        exit.text.contains("need 408 open files, and this process may have 407: raise that (ulimit -n"),
        "{}",
        exit.text
    );
    host.try_launch(|| with_files(need)).await.unwrap();
    let handle = host.open(1, "before").await;
    let mut taken = Vec::new();
    for (from, port, count) in [("127.0.0.2", host.port(), 220), ("127.0.0.2", host.ports().operators, 40)] {
        for _ in 0..count {
            taken.push(Raw::silent(from, port).await.unwrap());
        }
    }
    until("every place is taken", async || (kept_out(&host, "clients", "total").await >= 1.0).then_some(())).await;
    // More than one file of the log holds: the store opens the next one.
    for number in 1..=80 {
        host.replace(handle, number, vec![7; 1 << 20]).await.unwrap();
    }
    host.delete(handle, 81).await.unwrap();
}

/// So many streams of this method by this token, on one connection.
async fn streams(raw: &mut Raw, token: &str, path: &str, count: u32) {
    for n in 0..count {
        raw.send(&frame(HEADERS, END_HEADERS, 2 * n + 1, &request_by(token, path))).await;
    }
}

#[tokio::test]
async fn requests_of_a_connection() {
    let host = Host::start(&config().set("limits.requests", 4)).await;
    let mut raw = Raw::open(host.port(), &[]).await;
    streams(&mut raw, "none", "/mpy6a.v1.Truba/Operate", 5).await;
    let refused = loop {
        if let (RESET, payload) = raw.next().await.expect("the connection is kept") {
            break u32::from_be_bytes(payload.try_into().unwrap());
        }
    };
    assert_eq!(refused, 7, "REFUSED_STREAM");
    host.open(1, "another connection").await;
}

/// Two connections of operators with as many streams as they may have: how many are served.
async fn streams_of_operators(host: &Host, name: &str, path: &str) -> (u32, Vec<Raw>) {
    let (mut served, mut connections) = (0, Vec::new());
    for _ in 0..2 {
        let mut raw = Raw::open(host.ports().operators, &[]).await;
        streams(&mut raw, &token(name), path, 72).await;
        for _ in 0..72 {
            served += u32::from(!raw.answered_by_headers().await);
        }
        connections.push(raw);
    }
    (served, connections)
}

#[tokio::test]
async fn requests_of_operators() {
    // Clients take half of the places at most.
    let host = Host::start(&guarded()).await;
    let (served, _clients) = streams_of_operators(&host, "shop", "/mpy6a.v1.Truba/Operate").await;
    assert_eq!(served, 64);
    host.with_token(&token("boss")).kinds().await.expect("the others are for operators");
    // Operators take them all.
    let host = Host::start(&guarded()).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let (served, operators) = streams_of_operators(&host, "boss", path).await;
    assert_eq!(served, 128);
    let boss = host.with_token(&token("boss"));
    assert_eq!(boss.kinds().await.unwrap_err().reason, "OVERLOADED");
    host.with_token(&token("shop")).new_session(1).await.expect("clients have their own listener");
    drop(operators);
    until("there is room again", async || boss.kinds().await.ok()).await;
}

#[tokio::test]
async fn watches_of_a_connection() {
    let host = Host::start(&guarded()).await;
    let mut health = HealthClient::new(host.connect().channel);
    let mut watches = Vec::new();
    for _ in 0..2 {
        watches.push(health.watch(HealthCheckRequest::default()).await.unwrap());
    }
    let refused = Refused::from(health.watch(HealthCheckRequest::default()).await.unwrap_err());
    refused.says(Code::ResourceExhausted, "OVERLOADED", "use another connection");
    health.check(HealthCheckRequest::default()).await.expect("checks have their own places");
    watches.pop();
    until("there is room again", async || health.watch(HealthCheckRequest::default()).await.ok()).await;
}

#[tokio::test]
async fn messages_of_other_services() {
    let host = Host::start(&guarded()).await;
    let long = HealthCheckRequest { service: "x".repeat(5_000) };
    for channel in Wire::channels(host.ports(), None) {
        let refused = HealthClient::new(channel).check(long.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutOfRange);
        assert!(!refused.message().contains("record"), "{}", refused.message());
    }
    let target = v1::Target { id: Some(v1::Index { term: 1, index: u64::MAX }), unchanged_since: None };
    let request = v1::ActOnSessionsRequest { action: 1, targets: vec![target; 9_000], force: false };
    let refused = host.with_token(&token("boss")).admin.act_on_sessions(request).await.unwrap_err();
    Refused::from(refused).says(Code::InvalidArgument, "REQUEST_INVALID", "send its targets in parts");
}

#[tokio::test]
async fn requests_without_a_right() {
    let host = Host::start(&guarded()).await;
    let mut raw = Raw::open(host.port(), &[]).await;
    // Checks whose message does not come.
    for n in 0..9 {
        raw.send(&frame(HEADERS, END_HEADERS, 2 * n + 1, &request("/grpc.health.v1.Health/Check"))).await;
    }
    // The one too many is answered at once: with headers that end the stream.
    while !matches!(raw.next().await.expect("the connection is kept"), (HEADERS, _)) {}
    raw.send(&frame(DATA, END_STREAM, 1, &message(&[]))).await;
    while !matches!(raw.next().await.expect("the connection is kept"), (DATA, _)) {}
    assert!(host.is_serving().await, "health is told to others");
}

#[tokio::test]
async fn log_lines() {
    const TRIES: u32 = 500;
    let host = Host::start(&guarded()).await;
    let stranger = host.with_token("mpy6a_a-token-of-a-stranger");
    for _ in 0..TRIES {
        stranger.new_session(1).await.unwrap_err();
    }
    let text = scrape_by(&host, "eyes").await;
    let denied = value(&text, "mpy6a_denied_requests_total{reason=\"wrong\"}").unwrap();
    let lines: Vec<_> = host.log().into_iter().filter(|event| event["message"] == "turned away").collect();
    let unlogged: u64 = lines.iter().map(|event| event["unlogged_before"].as_u64().unwrap()).sum();
    assert!(denied >= f64::from(TRIES));
    assert!(lines.len() as u64 + unlogged <= u64::from(TRIES) && lines.len() < TRIES as usize / 2, "{}", lines.len());
}

/// The metrics, as somebody with this token sees them.
async fn scrape_by(host: &Host, name: &str) -> String {
    let header = format!("Bearer {}", token(name));
    console::http::ask(host, "GET /metrics", &[("authorization", &header)], &[]).await.text()
}

#[tokio::test]
async fn handles_tried() {
    let host = Host::start(&guarded()).await;
    let (shop, every) = (host.with_token(&token("shop")), host.with_token(&token("every")));
    let mine = shop.new_session(1).await.unwrap().handle.unwrap();
    let wrong = v1::Handle { key: mine.key ^ 1, ..mine };
    let missing = v1::Handle { id: Some(v1::Index { term: 9, index: 9 }), key: 1 };
    let try_all = async |caller: &Caller, handle: v1::Handle| {
        let request = v1::RenewRequest { handles: vec![handle; 10_000], ..Default::default() };
        let answer = caller.truba.clone().renew(request).await.unwrap().into_inner();
        let refused = |renewed: v1::Renewed| match renewed.outcome {
            Some(Outcome::Refused(refused)) => (refused.reason, refused.retry_ms),
            other => panic!("{other:?}"),
        };
        answer.results.into_iter().map(refused).collect::<Vec<_>>()
    };
    let not_found = ("SESSION_NOT_FOUND".to_owned(), None);
    let wait = ("OVERLOADED".to_owned(), Some(1_000));
    assert!(try_all(&shop, wrong).await.iter().all(|told| *told == not_found), "as many as one renewal has");
    // From then on it learns little, of sessions that are there and of others alike.
    for handle in [wrong, missing] {
        let told = try_all(&shop, handle).await;
        assert!(told.contains(&wait) && told.iter().all(|told| *told == wait || *told == not_found), "{:?}", told[0]);
    }
    // Its own sessions are served all the while, and others are told as before.
    let append = v1::AppendRequest { handle: Some(mine), number: 1, record: "mine".into(), ..Default::default() };
    shop.truba.clone().append(append).await.unwrap();
    assert!(try_all(&every, missing).await.contains(&not_found));
    let counted = scrape_by(&host, "eyes").await;
    assert_eq!(value(&counted, "mpy6a_wrong_keys_total{access=\"shop\"}"), Some(20_000.0), "{counted}");
    assert_eq!(value(&counted, "mpy6a_wrong_keys_total{access=\"every\"}"), None, "{counted}");
    let delete = || v1::DeleteRequest { handle: Some(missing), number: 1, ..Default::default() };
    until("it is told again", async || {
        let refused = Refused::from(shop.truba.clone().delete(delete()).await.unwrap_err());
        (refused.reason == "SESSION_NOT_FOUND").then_some(())
    })
    .await;
}

/// By renewals alone, which bring no commit.
#[tokio::test(flavor = "multi_thread")]
pub async fn clients_by_name() {
    const CLIENTS_MAX: f64 = 32_768.0;
    let host = Host::start(&guarded()).await;
    let (shop, every) = (host.with_token(&token("shop")), host.with_token(&token("every")));
    let new = |number, settled_below| {
        let caller = Some(v1::Caller { client_id: vec![7; 16].into(), settled_below });
        v1::NewRequest { kind: 1, number, caller, ..v1::NewRequest::default() }
    };
    shop.truba.clone().new_session(new(1, 2)).await.unwrap_err();
    let flood = (0..8_u64).map(|part| {
        let mut truba = every.truba.clone();
        tokio::spawn(async move {
            for name in 0..5_000 {
                let client_id = [(part * 5_000 + name).to_le_bytes(), [0; 8]].concat().into();
                let caller = Some(v1::Caller { client_id, settled_below: 1 });
                truba.renew(v1::RenewRequest { handles: Vec::new(), caller }).await.unwrap();
            }
        })
    });
    for task in flood.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let seen = scrape_by(&host, "eyes").await;
    assert_eq!(value(&seen, "mpy6a_answers_clients"), Some(CLIENTS_MAX));
    let known = shop.truba.clone().new_session(new(1, 1)).await.unwrap_err();
    assert_eq!(Refused::from(known).reason, "REQUEST_SETTLED", "the other access's client is still known");
}
