//! A token that left the config lets nobody in any more, and keeps nobody in.

use std::time::{Duration, SystemTime};

use mpy6a_proto::v1::{self, SessionState};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::Code;

use super::{config, digest, guarded, token};
use crate::{
    harness::{Host, PATIENCE, Refused, streamed::new, until},
    hostile_wire::raw::{DATA, END_HEADERS, END_STREAM, HEADERS, Raw, frame, message, request, request_by},
};

#[tokio::test]
async fn a_stolen_token_is_cut_off_from_its_open_stream_and_the_sessions_go_to_their_handler() {
    let host = Host::start(&guarded()).await;
    let thief = host.with_token(&token("every"));
    let mut stolen = thief.stream().await.unwrap();
    let session = stolen.open(1, 2, "begun").await.handle.unwrap().id.unwrap();
    let mut honest = host.with_token(&token("shop")).stream().await.unwrap();
    honest.open(1, 1, "begun").await;

    let without = guarded_without("every");
    host.configure(&without);
    let ended = timeout(PATIENCE, stolen.end()).await.expect("the stream goes on");
    let ended = Refused::from(ended.unwrap_err());
    ended.says(Code::Unauthenticated, "CREDENTIALS_WRONG", "out of date");
    assert_eq!(thief.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");
    // To the host the client is gone: what it began is stored, and repeated after the kind's delay.
    let boss = host.with_token(&token("boss"));
    until("its session is stored", async || {
        (boss.session(session).await.unwrap().state() == SessionState::Stored).then_some(())
    })
    .await;
    // Nobody else noticed.
    honest.open(2, 1, "goes on").await;
}

/// The entries of [`guarded`] that are good, but this one.
fn guarded_without(name: &str) -> crate::harness::Config {
    let rights = [
        ("shop", "open = [\"k1\"]"),
        ("every", "open = \"*\""),
        ("eyes", "read = true"),
        ("boss", "administer = true"),
    ];
    rights.into_iter().filter(|(other, _)| *other != name).fold(config(), |config, (name, rights)| {
        config.admit(&format!("name = \"{name}\"\ntoken = \"{}\"\n{rights}", digest(name)))
    })
}

#[tokio::test]
async fn a_stolen_token_gives_back_the_places_of_requests_whose_message_never_came() {
    let host = Host::start(&guarded()).await;
    let eyes = host.with_token(&token("eyes"));
    let mut thieves = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::open(host.ports().operators, &[]).await;
        for n in 0..64 {
            let head = request_by(&token("boss"), "/mpy6a.v1.Admin/Backup");
            raw.send(&frame(HEADERS, END_HEADERS, 2 * n + 1, &head)).await;
        }
        is_past_the_check(&mut raw, 129).await;
        thieves.push(raw);
    }
    assert_eq!(eyes.kinds().await.unwrap_err().reason, "OVERLOADED");
    host.configure(&guarded_without("boss"));
    until("there are places again", async || eyes.kinds().await.ok()).await;
    for raw in &mut thieves {
        for _ in 0..64 {
            assert!(raw.answered_by_headers().await, "it is refused");
        }
    }
}

/// A call by this one whose message has not come, and which is past the check.
async fn begun(port: u16, name: &str, path: &str) -> Raw {
    let mut raw = Raw::open(port, &[]).await;
    raw.send(&frame(HEADERS, END_HEADERS, 1, &request_by(&token(name), path))).await;
    is_past_the_check(&mut raw, 3).await;
    raw
}

/// Wait until whatever was sent is past the check: what is asked after it, on this stream, is answered.
async fn is_past_the_check(raw: &mut Raw, stream: u32) {
    let check = frame(HEADERS, END_HEADERS, stream, &request("/grpc.health.v1.Health/Check"));
    raw.send(&[check, frame(DATA, END_STREAM, stream, &message(&[]))].concat()).await;
    while !raw.answered_by_headers().await {}
}

/// A request of the console by this one, whose body is waited for.
async fn begun_by_console(host: &Host, name: &str, path: &str) -> TcpStream {
    let mut socket = Raw::silent("127.0.0.1", host.ports().operators).await.unwrap();
    let (authority, token) = (host.admin_url().replace("http://", ""), token(name));
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\nX-Mpy6a-Console: 1\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut goes_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    timeout(PATIENCE, socket.read_exact(&mut goes_on)).await.expect("its body is waited for").unwrap();
    socket
}

#[tokio::test]
async fn what_was_begun_before_a_token_was_withdrawn_is_not_done_when_its_message_comes_after() {
    let host = Host::start(&guarded()).await;
    let (eyes, boss) = (host.with_token(&token("eyes")), host.with_token(&token("boss")));
    let pause = message(&v1::PauseKindRequest { kind: 1 }.encode_to_vec());
    let mut calls = Vec::new();
    for path in ["PauseKind", "Reload", "ActOnSessions", "ListSessions"] {
        calls.push(begun(host.ports().operators, "boss", &format!("/mpy6a.v1.Admin/{path}")).await);
    }
    let mut page = begun_by_console(&host, "boss", "/api/kinds/2/pause").await;

    host.configure(&guarded_without("boss"));
    until("the token is of no use", async || boss.kinds().await.err()).await;
    for raw in &mut calls {
        raw.send(&frame(DATA, END_STREAM, 1, &pause)).await;
        assert!(raw.answered_by_headers().await, "it is refused");
    }
    // Where it was refused already nothing more is taken.
    let _ = page.write_all(b"{}").await;
    let mut answer = String::new();
    let _ = timeout(PATIENCE, page.read_to_string(&mut answer)).await.expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(eyes.kinds().await.unwrap().iter().all(|kind| !kind.paused), "nothing was done");
}

#[tokio::test]
async fn a_session_is_not_opened_when_its_message_comes_after_its_token_was_withdrawn() {
    let host = Host::start(&guarded()).await;
    let every = host.with_token(&token("every"));
    let mut news = Vec::new();
    for name in ["every", "shop"] {
        news.push(begun(host.port(), name, "/mpy6a.v1.Truba/New").await);
    }
    host.configure(&guarded_without("every"));
    until("the token is of no use", async || every.new_session(1).await.err()).await;
    let new = message(&v1::NewRequest { kind: 1, ..v1::NewRequest::default() }.encode_to_vec());
    for (raw, is_refused) in news.iter_mut().zip([true, false]) {
        raw.send(&frame(DATA, END_STREAM, 1, &new)).await;
        assert_eq!(raw.answered_by_headers().await, is_refused);
    }
}

/// A call that names nothing to renew, by this one, on this stream.
fn renewal(name: &str, stream: u32) -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, stream, &request_by(&token(name), "/mpy6a.v1.Truba/Renew"));
    [head, frame(DATA, END_STREAM, stream, &message(&[]))].concat()
}

#[tokio::test]
async fn connections_of_a_token_that_was_withdrawn_make_room_once_it_is_turned_away() {
    let bounded =
        |config: crate::harness::Config| config.set("limits.connections", 4).set("limits.connections_per_address", 3);
    let host = Host::start(&bounded(guarded())).await;
    let mut held = Vec::new();
    for from in ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"] {
        let mut raw = Raw::open_from(from, host.port(), &[]).await;
        raw.send(&renewal("every", 1)).await;
        assert!(!raw.answered_by_headers().await, "it is let in");
        while !raw.answered_by_headers().await {}
        held.push(raw);
    }
    host.configure(&bounded(guarded_without("every")));
    let every = host.with_token(&token("every"));
    let wrong = async || every.kinds().await.err().filter(|refused| refused.reason == "CREDENTIALS_WRONG");
    until("the token is of no use", wrong).await;
    for raw in &mut held {
        raw.send(&renewal("every", 3)).await;
        assert!(raw.answered_by_headers().await, "it is turned away");
    }
    host.with_token(&token("shop")).new_session(1).await.expect("there is a place");
}

#[tokio::test]
async fn rights_that_shrink_shrink_on_an_open_stream_too() {
    let entry = |open: &str| {
        let boss = format!("name = \"boss\"\ntoken = \"{}\"\nadminister = true", digest("boss"));
        config().admit(&format!("name = \"shop\"\ntoken = \"{}\"\nopen = {open}", digest("shop"))).admit(&boss)
    };
    let host = Host::start(&entry("[\"k1\", \"k2\"]")).await;
    let mut stream = host.with_token(&token("shop")).stream().await.unwrap();
    stream.open(1, 2, "may").await;
    host.configure(&entry("[\"k1\"]"));
    let mut number = 1;
    until("kind 2 is no longer opened on the stream", async || {
        number += 1;
        let outcome = stream.one(new(number, 2, "x")).await;
        matches!(outcome, mpy6a_proto::v1::answer::Outcome::Refused(refused) if refused.reason == "ACCESS_DENIED")
            .then_some(())
    })
    .await;
    stream.open(number + 1, 1, "the other kind goes on").await;
}

#[tokio::test]
async fn a_token_is_changed_without_a_pause_while_both_are_in_the_config() {
    let entry = |tokens: &[&str]| {
        let tokens: Vec<_> = tokens.iter().map(|name| format!("\"{}\"", digest(name))).collect();
        config().admit(&format!("name = \"shop\"\ntokens = [{}]\nopen = \"*\"", tokens.join(", ")))
    };
    let host = Host::start(&entry(&["old"])).await;
    let (old, new) = (host.with_token(&token("old")), host.with_token(&token("new")));
    let mut open = old.stream().await.unwrap();
    open.open(1, 1, "by the old one").await;
    assert_eq!(new.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");

    host.configure(&entry(&["old", "new"]));
    until("the new token is known", async || new.new_session(1).await.ok()).await;
    open.open(2, 1, "the old one as well").await;
    host.configure(&entry(&["new"]));
    until("the old token is of no use", async || old.new_session(1).await.err()).await;
    assert_eq!(Refused::from(open.end().await.unwrap_err()).reason, "CREDENTIALS_WRONG");
    new.new_session(1).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_nobody_had_to_be_named_for_ends_when_names_are_asked_for() {
    let host = Host::start(&config()).await;
    let mut anybody = host.stream().await;
    anybody.open(1, 1, "x").await;
    host.configure(&guarded());
    assert_eq!(Refused::from(anybody.end().await.unwrap_err()).reason, "CREDENTIALS_MISSING");
    assert_eq!(host.showing(None, None).kinds().await.unwrap_err().reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn a_broken_config_lets_in_whom_the_old_one_did_and_nobody_else() {
    let host = Host::start(&guarded()).await;
    host.write_config("[[access]]\nname = \"thief\"\n");
    host.logged("the config is wrong: the old one stays in service").await;
    host.with_token(&token("shop")).new_session(1).await.unwrap();
    assert_eq!(host.showing(None, None).kinds().await.unwrap_err().reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn an_open_stream_ends_when_its_credentials_run_out() {
    let until = SystemTime::now() + Duration::from_secs(6);
    let entry = |expires: SystemTime| {
        let expires = humantime::format_rfc3339_millis(expires);
        config()
            .admit(&format!("name = \"shop\"\ntoken = \"{}\"\nopen = \"*\"\nexpires = \"{expires}\"", digest("shop")))
    };
    let mut host = Host::prepare(&entry(until));
    host.launch().await;
    // A machine that took longer to start gets a later end.
    let until = SystemTime::now() + Duration::from_secs(5);
    host.reconfigure(&entry(until));
    host.logged("config in service").await;
    let shop = host.with_token(&token("shop"));
    let mut stream = shop.stream().await.unwrap();
    stream.open(1, 1, "in time").await;
    let ended = Refused::from(stream.end().await.unwrap_err());
    assert_eq!(ended.reason, "CREDENTIALS_WRONG");
    assert!(SystemTime::now() >= until, "it ended early");
    assert_eq!(shop.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");
}
