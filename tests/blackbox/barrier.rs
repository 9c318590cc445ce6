//! Effects never precede their intent: what a handler recorded is durable before its request leaves; without a request,
//! a run that is ended leaves nothing behind. And requests go where they may, and say who sends them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::{HeaderValue, StatusCode, header};
use mpy6a_client::Index;
use mpy6a_proto::v1;
use tokio::sync::{mpsc, watch};

use crate::harness::{Config, Effects, Host, Kind, Wire, built, plain, shown};

async fn host(effects: &Effects) -> Host {
    Host::start(&Config::of([Kind::misbehave(1).allow(&effects.url)])).await
}

/// What a handler told as the reason why it parked its session.
async fn told(host: &Host, record: &str) -> String {
    let session = host.left(1, &[record]).await;
    let parked = host.parked(session).await;
    assert_eq!(parked.attempts[0].outcome, "permanent", "{record}: {:?}", parked.attempts[0]);
    parked.attempts[0].cause.clone()
}

#[tokio::test]
async fn the_record_is_there_when_the_request_arrives_and_after_the_trap() {
    for word in ["append-then-http-then-trap", "append-then-wasi-http-then-trap"] {
        // The server looks at the session before it answers. Host and session come into being after it: it waits for
        // them.
        let (session_to, session) = watch::channel(None::<(Wire, v1::Index)>);
        let (seen_to, mut seen) = mpsc::unbounded_channel();
        let effects = Effects::start(move |_| {
            let (mut session, seen_to) = (session.clone(), seen_to.clone());
            async move {
                let (wire, id) = session.wait_for(Option::is_some).await.unwrap().clone().unwrap();
                seen_to.send(wire.records(id).await).unwrap();
                plain(StatusCode::OK, "fine")
            }
        })
        .await;
        let host = host(&effects).await;
        let record = format!("{word} intent {}/effect", effects.url);
        let id = host.left(1, &[&record]).await;
        session_to.send_replace(Some((host.connect(), id)));

        let expected = [record.as_str(), "intent"];
        assert_eq!(seen.recv().await.unwrap().unwrap(), expected, "{word}: when the request arrived");
        let parked = host.parked(id).await;
        assert_eq!(parked.attempts[0].outcome, "trapped", "{word}: {:?}", parked.attempts[0]);
        assert_eq!(parked.records, expected, "{word}: after the trap");
        assert_eq!(effects.seen()[0].path, "/effect");
    }
}

#[tokio::test]
async fn without_a_request_a_trap_throws_the_record_away() {
    let effects = Effects::fine().await;
    let host = host(&effects).await;
    let session = host.left(1, &["append-then-trap lost"]).await;
    let parked = host.parked(session).await;
    assert_eq!(parked.records, ["append-then-trap lost"]);
    assert!(effects.seen().is_empty());
}

#[tokio::test]
async fn a_request_through_either_interface_brings_its_answer() {
    let effects = Effects::fine().await;
    let host = host(&effects).await;
    for word in ["http", "wasi-http", "http-step one"] {
        assert_eq!(told(&host, &format!("{word} {}/x", effects.url)).await, "200 fine");
    }
}

#[tokio::test]
async fn what_the_allow_list_does_not_name_is_denied_and_nothing_leaves() {
    let (granted, other) = (Effects::fine().await, Effects::fine().await);
    let host = host(&granted).await;
    let with_user = granted.url.replace("http://", "http://user@");
    let by_name = granted.url.replace("127.0.0.1", "localhost");
    let encrypted = granted.url.replace("http://", "https://");
    for url in [&other.url, &by_name, &encrypted, &"http://169.254.169.254".to_owned()] {
        let outcome = told(&host, &format!("http {url}/x")).await;
        assert!(outcome.starts_with("Denied") && outcome.contains("the allow-list does not name"), "{url}: {outcome}");
        let outcome = told(&host, &format!("wasi-http {url}/x")).await;
        assert!(outcome.contains("HttpRequestDenied"), "{url}: {outcome}");
    }
    let outcome = told(&host, &format!("http {with_user}/x")).await;
    assert!(outcome.starts_with("Invalid"), "{outcome}");
    assert!(other.seen().is_empty() && granted.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_is_the_handlers_to_follow() {
    let other = Effects::fine().await;
    let target = other.url.clone();
    let effects = Effects::start(move |_| {
        let mut response = plain(StatusCode::FOUND, "elsewhere");
        response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(&target).unwrap());
        std::future::ready(response)
    })
    .await;
    let host = host(&effects).await;
    for word in ["http", "wasi-http"] {
        assert_eq!(told(&host, &format!("{word} {}/x", effects.url)).await, "302 elsewhere");
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_step_carries_the_same_key_in_every_repeat_and_a_fence_that_grows() {
    // The first answer never comes: that run ends by its time, and the next one gets through.
    let first = Arc::new(AtomicBool::new(true));
    let effects = Effects::start(move |_| {
        let hang = first.swap(false, Ordering::Relaxed);
        async move { if hang { std::future::pending().await } else { plain(StatusCode::OK, "fine") } }
    })
    .await;
    let kind = Kind::misbehave(1).allow(&effects.url).set("plugin.time", "500ms").set("max_repeats", 5);
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &[&format!("http-step charge {}/x", effects.url)]).await;
    let parked = host.parked(session).await;
    let outcomes: Vec<&str> = parked.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["timed-out", "permanent"]);

    let seen = effects.seen();
    let key = format!("{}/charge", shown(session));
    assert_eq!([&seen[0].key, &seen[1].key], [&Some(key.clone()), &Some(key)]);
    for (seen, attempt) in seen.iter().zip(&parked.attempts) {
        assert_eq!(seen.fence, Some(shown(attempt.fence.unwrap())));
    }
    let fence = |at: usize| seen[at].fence.as_deref().unwrap().parse::<Index>().unwrap();
    assert!(fence(1) > fence(0), "{seen:?}");
}

#[tokio::test]
async fn a_request_without_a_step_carries_neither() {
    let effects = Effects::fine().await;
    let host = host(&effects).await;
    told(&host, &format!("http {}/x", effects.url)).await;
    assert_eq!((&effects.seen()[0].key, &effects.seen()[0].fence), (&None, &None));
}

#[tokio::test]
async fn after_a_delete_no_request_leaves() {
    let effects = Effects::fine().await;
    let host = host(&effects).await;
    let session = host.left(1, &[&format!("delete-then-http {}/x", effects.url)]).await;
    host.gone(session).await;
    let ended = host.repeat_ended(session).await;
    assert!(ended["cause"].as_str().unwrap().contains("the session is finished"), "{ended}");
    assert!(effects.seen().is_empty());
}

#[tokio::test]
async fn without_any_grant_every_request_is_denied() {
    // The example's handler asks through the contract's own function alone, so it loads without a grant.
    let kind = Kind::new(1, built("create-user-rust"))
        .set("plugin.settings.service_a", "http://127.0.0.1:9")
        .set("plugin.settings.service_b", "http://127.0.0.1:9");
    let host = Host::start(&Config::of([kind])).await;
    let user = r#"{"step":"create","user":{"nick":"maria","name":"Maria","mail":"maria@example.org"}}"#;
    let session = host.left(1, &[user]).await;
    let parked = host.parked(session).await;
    let cause = &parked.attempts[0].cause;
    assert!(cause.contains("denied") && cause.contains("add [[kind.plugin.http]]"), "{cause}");
}
