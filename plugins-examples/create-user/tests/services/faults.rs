//! Each fault, as a caller sees it, and what was done all the same.

use std::time::{Duration, Instant};

use create_user::{service::faults::Work, service_a::routes};
use serde_json::{Value, json};

use crate::harness::{Service, user};

/// How long a call hangs: longer than its caller waits.
const HANG_MS: u64 = 1_000;
/// How long its caller waits.
const PATIENCE: Duration = Duration::from_millis(200);

async fn has(a: &Service, nick: &str) -> bool {
    let (_, users) = a.get("/users?limit=1000").await;
    users.as_array().unwrap().iter().any(|user| user["nick"] == nick)
}

async fn give_up_on(a: &Service, nick: &str) {
    let impatient = a.request("POST", "/users").timeout(PATIENCE).json(&user(nick, "X"));
    assert!(impatient.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_failing_call_does_nothing() {
    let a = Service::start(routes).await;
    a.set_faults(&json!({ "share": 1.0, "kinds": ["fail"] })).await;
    assert_eq!(a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await, (503, json!({ "error": "made to fail" })));
    assert!(!has(&a, "zoe").await);
    assert_eq!(a.get("/users?nick=zoe").await.0, 503, "look-ups by nick are not spared");
}

#[tokio::test]
async fn a_lost_answer_breaks_the_connection_after_the_work() {
    let a = Service::start(routes).await;
    a.set_faults(&json!({ "share": 1.0, "kinds": ["lose"] })).await;
    let broken = a.request("POST", "/users").json(&user("zoe", "Zoe")).send().await.unwrap_err();
    assert!(!broken.is_timeout() && !broken.is_connect(), "{broken:?}");
    assert!(has(&a, "zoe").await);
}

#[tokio::test]
async fn a_hanging_call_may_do_nothing() {
    let a = Service::start(routes).await;
    a.hang(Work::Never, HANG_MS).await;
    assert_eq!(a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await.0, 503);
    assert!(!has(&a, "zoe").await);
}

#[tokio::test]
async fn a_hanging_call_may_be_done_at_once() {
    let a = Service::start(routes).await;
    a.hang(Work::First, 20 * HANG_MS).await;
    give_up_on(&a, "zoe").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !has(&a, "zoe").await {
        assert!(Instant::now() < deadline, "the work waits for the end of the hang");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_hanging_call_may_be_done_when_its_caller_has_gone() {
    let a = Service::start(routes).await;
    a.hang(Work::Last, HANG_MS).await;
    give_up_on(&a, "zoe").await;
    assert!(!has(&a, "zoe").await);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !has(&a, "zoe").await {
        assert!(Instant::now() < deadline, "the work was dropped with its caller");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_switch_counts_and_checks() {
    let a = Service::start(routes).await;
    a.set_faults(&json!({ "share": 1.0, "kinds": ["fail"] })).await;
    a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await;
    a.set_faults(&json!({})).await;
    a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await;
    let (_, report) = a.get("/faults").await;
    assert_eq!(report["counts"], json!({ "calls": 2, "failed": 1, "hung": 0, "lost": 0, "fenced": 0 }));
    for bad in [
        json!({ "share": 2 }),
        json!({ "share": 0.1, "kinds": [] }),
        json!({ "kinds": ["explode"] }),
        json!({ "hang_ms": 60_001 }),
        json!({ "shaer": 0.1 }),
    ] {
        let (status, answer) = a.call("PUT", "/faults", Some(&bad)).await;
        assert!(status == 400 && answer["error"].is_string(), "{bad}: {status} {answer}");
    }
    assert_eq!(a.get("/faults").await.1["setting"]["share"], Value::from(0.0), "a bad setting changes nothing");
}
