//! Each right opens its calls and no others; refusals say nothing of what exists.

use mpy6a_proto::v1::{self, answer::Outcome};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::Code;

use super::{config, guarded, token};
use crate::harness::{
    Caller, Host, Refused,
    streamed::{append, local, new, opened, refused},
};

/// What a call came to, in a word.
fn word<T>(done: Result<T, Refused>) -> String {
    match done {
        Ok(_) => "done".to_owned(),
        Err(refused) => refused.reason,
    }
}

/// New of each kind, a listing, a pause.
async fn tried(caller: &Caller) -> [String; 4] {
    [
        word(caller.new_session(1).await),
        word(caller.new_session(2).await),
        word(caller.kinds().await),
        word(caller.pause(2).await),
    ]
}

#[tokio::test]
async fn each_right_opens_its_calls_and_no_others() {
    let host = Host::start(&guarded()).await;
    let (done, denied) = ("done", "ACCESS_DENIED");
    for (name, expected) in [
        ("shop", [done, denied, denied, denied]),
        ("every", [done, done, denied, denied]),
        ("eyes", [denied, denied, done, denied]),
        ("boss", [denied, denied, done, done]),
    ] {
        assert_eq!(tried(&host.with_token(&token(name))).await, expected, "{name}");
    }
    let missing = "CREDENTIALS_MISSING";
    assert_eq!(tried(&host.showing(None, None)).await, [missing; 4]);
    assert!(host.is_serving().await, "health is for anyone");
}

#[tokio::test]
async fn missing_wrong_and_expired_credentials_get_the_same_words() {
    let host = Host::start(&guarded()).await;
    let late = format!("Bearer {}", token("late"));
    let mut words = Vec::new();
    for header in [None, Some("Bearer nobodys"), Some("Basic YTpi"), Some("Bearer "), Some(late.as_str())] {
        let refused = host.showing(header, None).kinds().await.unwrap_err();
        let reason = if header.is_none() { "CREDENTIALS_MISSING" } else { "CREDENTIALS_WRONG" };
        refused.says(Code::Unauthenticated, reason, "send a token that an [[access]]");
        assert_eq!((refused.numbers.len(), refused.retry), (0, None));
        words.push(refused.message);
    }
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
}

#[tokio::test]
async fn a_kind_that_one_may_not_open_looks_the_same_whether_it_exists_or_not() {
    let host = Host::start(&guarded()).await;
    let shop = host.with_token(&token("shop"));
    let (there, not_there) = (shop.new_session(2).await.unwrap_err(), shop.new_session(999).await.unwrap_err());
    there.says(Code::PermissionDenied, "ACCESS_DENIED", "ask whoever keeps the host's config");
    assert_eq!(format!("{there:?}"), format!("{not_there:?}"));

    let mut stream = shop.stream().await.unwrap();
    let on_stream = async |stream: &mut crate::harness::Streamed, kind| {
        let refused = refused(stream.one(new(u64::from(kind), kind, "x")).await);
        (refused.reason, refused.message, refused.code, refused.metadata.len())
    };
    let (there, not_there) = (on_stream(&mut stream, 2).await, on_stream(&mut stream, 999).await);
    assert_eq!(there, not_there);
    assert_eq!(there.0, "ACCESS_DENIED");
    // What is refused takes no local number, and the stream goes on.
    let after = stream.all([append(local(2), 1, "lost"), new(3, 1, "mine"), append(local(3), 1, "more")]).await;
    assert!(matches!(&after[0], Outcome::Refused(refused) if refused.reason == "LOCAL_NOT_OPEN"), "{after:?}");
    opened(after[1].clone());
    assert!(matches!(after[2], Outcome::Applied(_)), "{after:?}");

    // Those who may open every kind learn which there are.
    let unknown = host.with_token(&token("every")).new_session(999).await.unwrap_err();
    assert_eq!(unknown.reason, "KIND_UNKNOWN");
}

#[tokio::test]
async fn whether_a_session_exists_is_for_those_who_may_read() {
    let host = Host::start(&guarded()).await;
    let id = host.with_token(&token("shop")).new_session(1).await.unwrap().handle.unwrap().id.unwrap();
    let none = v1::Index { term: 9, index: 9 };
    for name in ["shop", "every"] {
        let caller = host.with_token(&token(name));
        let there = caller.session(id).await.unwrap_err();
        assert_eq!(there.reason, "ACCESS_DENIED");
        assert_eq!(format!("{there:?}"), format!("{:?}", caller.session(none).await.unwrap_err()));
    }
    let eyes = host.with_token(&token("eyes"));
    assert_eq!(eyes.session(id).await.unwrap().kind, 1);
    assert_eq!(eyes.session(none).await.unwrap_err().reason, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn the_log_says_who_was_turned_away_and_who_acted_and_never_a_token() {
    let host = Host::start(&guarded()).await;
    host.with_token(&token("shop")).pause(1).await.unwrap_err();
    host.with_token("mpy6a_a-token-of-a-stranger").pause(1).await.unwrap_err();
    host.with_token(&token("boss")).pause(1).await.unwrap();
    let acted = host.logged("kind administered").await;
    assert!(acted["who"].as_str().unwrap().starts_with("boss at 127.0.0.1:"), "{acted}");
    let denied: Vec<_> = host.log().into_iter().filter(|event| event["message"] == "turned away").collect();
    let told = |why: &str, who: &str| {
        let is_it = |event: &&serde_json::Value| event["why"] == why && event["who"].as_str().unwrap().starts_with(who);
        let event = denied.iter().find(is_it).unwrap_or_else(|| panic!("{why} {who} is not in {denied:?}"));
        assert_eq!(event["path"], "/mpy6a.v1.Admin/PauseKind");
    };
    told("not-allowed", "shop at 127.0.0.1:");
    told("wrong", "127.0.0.1:");
    assert!(!host.text().contains("token-of"), "a token is in the log");
}

/// What the operators' listener answers to a GET by HTTP/1.
async fn get(host: &Host, headers: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", host.ports().operators)).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Whether it was let in, whatever is there.
fn is_let_in(answer: &str) -> bool {
    !answer.starts_with("HTTP/1.1 401 ") && !answer.starts_with("HTTP/1.1 403 ")
}

#[tokio::test]
async fn operators_pages_are_behind_the_same_check_by_http() {
    let host = Host::start(&guarded()).await;
    let get = async |name: &str| get(&host, &format!("host: x\r\nauthorization: Bearer {}\r\n", token(name))).await;
    let missing = super::rights::get(&host, "host: x\r\n").await;
    assert!(
        missing.contains("x-content-type-options: nosniff") && missing.contains("cache-control: no-store"),
        "{missing}"
    );
    assert!(missing.starts_with("HTTP/1.1 401 ") && missing.contains("www-authenticate: Bearer"), "{missing}");
    let denied = get("shop").await;
    assert!(denied.starts_with("HTTP/1.1 403 ") && denied.contains("ask whoever keeps the host's config"), "{denied}");
    let passed = get("eyes").await;
    assert!(is_let_in(&passed), "{passed}");
}

#[tokio::test]
async fn a_web_page_of_somebody_else_asks_in_vain() {
    let host = Host::start(&config()).await;
    let own = format!("127.0.0.1:{}", host.ports().operators);
    for (headers, expected) in [
        (format!("host: {own}\r\n"), true),
        (format!("host: {own}\r\norigin: http://{own}\r\n"), true),
        (format!("host: {own}\r\norigin: http://evil.example\r\n"), false),
        ("host: evil.example\r\n".to_owned(), false),
        // What no program sends, and what proxies and browsers may read in another way.
        ("host: evil.example 127.0.0.1\r\n".to_owned(), false),
        ("host: evil.example/\r\n".to_owned(), false),
        ("host: \r\n".to_owned(), false),
        ("host: evil\u{e4}.example\r\n".to_owned(), false),
        (format!("host: {own}\r\nhost: evil.example\r\n"), false),
        (format!("host: evil.example\r\nhost: {own}\r\n"), false),
        (format!("host: {own}\r\norigin: http://{own}\r\norigin: http://evil.example\r\n"), false),
    ] {
        let answer = get(&host, &headers).await;
        assert_eq!(is_let_in(&answer), expected, "{headers}: {answer}");
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_opens_nothing_from_another_machine_either() {
    let (Some(own), open) = (address_beyond(), config().set("admin.plain_text", true).set("admin.open_to_all", true))
    else {
        return;
    };
    let mut host = Host::prepare(&open);
    let loopback = format!("127.0.0.1:{}", host.ports().operators);
    let everywhere = format!("0.0.0.0:{}", host.ports().operators);
    host.write_config(&open.text(host.ports()).replace(&loopback, &everywhere));
    host.launch().await;
    let authority = format!("{own}:{}", host.ports().operators);
    for (name, expected) in [(authority.as_str(), true), ("evil.example", false)] {
        let mut socket = TcpStream::connect(&authority).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap().ip(), own);
        let request = format!("GET /api/sessions HTTP/1.1\r\nconnection: close\r\nhost: {name}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(is_let_in(&answer), expected, "{name}: {answer}");
    }
}

/// An address of this machine that is not of loopback, if it has one.
fn address_beyond() -> Option<std::net::IpAddr> {
    // Nothing is sent: the system only says from where it would be.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[tokio::test]
async fn what_is_not_there_is_not_answered_as_if_it_were() {
    let host = Host::start(&config()).await;
    let ask = async |line: &str, headers: &[(&str, &str)]| crate::console::http::ask(&host, line, headers, &[]).await;
    for (line, status) in [
        ("GET /nope", 404),
        ("POST /nope", 404),
        ("GET /metrics/", 404),
        ("GET /mpy6a.v1.Truba/New", 415),
        ("POST /mpy6a.v1.Admin/Nope", 415),
        ("GET /mpy6a.v1.Nope/New", 415),
        ("GET /grpc.health.v1.Health/Check", 415),
    ] {
        let answer = ask(line, &[]).await;
        assert_eq!(answer.status, status, "{line}: {answer:?}");
        assert!(answer.text().contains(':'), "{line}: what to do: {}", answer.text());
        for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
            assert_eq!(answer.headers.get(name).map(String::as_str), Some(value), "{line}: {answer:?}");
        }
    }
    // To gRPC they are what gRPC says.
    for path in ["/nope", "/mpy6a.v1.Truba/Nope", "/mpy6a.v1.Nope/New"] {
        let answer = ask(&format!("POST {path}"), &[("content-type", "application/grpc")]).await;
        assert_eq!((answer.status, answer.headers["grpc-status"].as_str()), (200, "12"), "{path}: {answer:?}");
    }
    // Where clients connect, too, which is HTTP/2.
    let mut raw = crate::hostile_wire::raw::Raw::open(host.port(), &[]).await;
    let get = crate::hostile_wire::raw::page("/metrics");
    raw.send(&crate::hostile_wire::raw::frame(1, 5, 1, &get)).await;
    let (kind, payload) = loop {
        let (kind, payload) = raw.next().await.unwrap();
        if kind == crate::hostile_wire::raw::HEADERS {
            break (kind, payload);
        }
    };
    // `:status` 404, as HPACK has it in one byte.
    assert_eq!((kind, payload[0]), (1, 0x8d));
}
