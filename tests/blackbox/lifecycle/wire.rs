//! Every operation of the raw protocol, and what its retries get.

use std::time::{SystemTime, UNIX_EPOCH};

use mpy6a_proto::v1::{NewRequest, SessionState};

use crate::harness::{Config, Host, Kind, newer};

async fn host() -> Host {
    Host::start(&Config::of([Kind::misbehave(1)])).await
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn a_session_is_opened_worked_on_and_deleted() {
    let host = host().await;
    let request = NewRequest { kind: 1, record: Some("one".into()), ..NewRequest::default() };
    let opened = host.new_session(request).await.unwrap();
    let handle = opened.handle.unwrap();
    let id = handle.id.unwrap();
    assert_eq!((opened.fence, opened.lease_ms), (Some(id), 60_000));

    let appended = host.append(handle, 1, "two").await.unwrap();
    assert!(newer(appended, id));
    assert_eq!(host.records(id).await.unwrap(), ["one", "two"]);
    let replaced = host.replace(handle, 2, "three").await.unwrap();
    assert!(newer(replaced, appended));
    assert_eq!(host.records(id).await.unwrap(), ["three"]);
    assert_eq!(host.renew(handle).await, Ok(60_000));

    let seen = host.look(id).await.unwrap();
    assert_eq!((seen.state(), seen.kind, seen.change_id), (SessionState::Active, 1, Some(replaced)));
    assert_eq!((seen.repeats, seen.attempts.len()), (0, 0));
    host.delete(handle, 3).await.unwrap();
    assert!(host.look(id).await.is_none());
    assert_eq!(host.kind(1).await.active, 0);
}

#[tokio::test]
async fn a_session_can_begin_without_a_record_and_keeps_empty_ones() {
    let host = host().await;
    let handle = host.new_session(NewRequest { kind: 1, ..NewRequest::default() }).await.unwrap().handle.unwrap();
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), [""; 0]);
    host.append(handle, 1, "").await.unwrap();
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), [""]);
}

#[tokio::test]
async fn a_stored_session_waits_for_its_timeout() {
    let host = host().await;
    let handle = host.open(1, "delete").await;
    let before = now_ms();
    let stored = host.store(handle, 1, Some(1000)).await.unwrap();
    let due_after_ms = stored.due_ms - before;
    assert!((1_000_000..1_060_000).contains(&due_after_ms), "{due_after_ms}");
    let seen = host.look(handle.id.unwrap()).await.unwrap();
    assert_eq!((seen.state(), seen.due_ms), (SessionState::Stored, stored.due_ms));
    assert!(seen.stored_ms >= before);
    assert_eq!(host.kind(1).await.stored, 1);
}

#[tokio::test]
async fn without_a_timeout_the_kinds_delay_and_jitter_hold() {
    let kind = Kind::misbehave(1).set("delay", "1000s").set("jitter", "1000s");
    let host = Host::start(&Config::of([kind])).await;
    let mut delays = Vec::new();
    for _ in 0..20 {
        let handle = host.open(1, "delete").await;
        delays.push(host.store(handle, 1, None).await.unwrap().due_ms - now_ms());
    }
    // Less what passed between the two clock readings.
    assert!(delays.iter().all(|ms| (940_000..=2_000_000).contains(ms)), "{delays:?}");
    let spread = delays.iter().max().unwrap() - delays.iter().min().unwrap();
    assert!(spread > 100_000, "twenty draws of 1,000 s lie apart: {delays:?}");
}

#[tokio::test]
async fn repeating_the_last_number_gets_the_first_answer_and_applies_nothing() {
    let host = host().await;
    let handle = host.open(1, "one").await;
    let first = host.append(handle, 7, "two").await.unwrap();
    assert_eq!(host.append(handle, 7, "two").await.unwrap(), first);
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["one", "two"]);
    // Not numbered is not recognized.
    host.append(handle, 0, "three").await.unwrap();
    host.append(handle, 0, "three").await.unwrap();
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["one", "two", "three", "three"]);

    let stored = host.store(handle, 8, Some(1000)).await.unwrap();
    assert_eq!(host.store(handle, 8, Some(1000)).await.unwrap(), stored);
    let other = host.open(1, "one").await;
    let deleted = host.delete(other, 1).await.unwrap();
    assert_eq!(host.delete(other, 1).await.unwrap(), deleted, "answered after the session is gone");
}

#[tokio::test]
async fn answers_are_remembered_over_a_kill() {
    let mut host = host().await;
    let request = NewRequest { kind: 1, request_id: "the first".to_owned(), ..NewRequest::default() };
    let opened = host.new_session(request.clone()).await.unwrap();
    let handle = opened.handle.unwrap();
    let appended = host.append(handle, 1, "one").await.unwrap();
    let gone = host.open(1, "one").await;
    let deleted = host.delete(gone, 1).await.unwrap();

    host.restart().await;
    assert_eq!(host.new_session(request).await.unwrap(), opened);
    assert_eq!(host.append(handle, 1, "one").await.unwrap(), appended);
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["one"]);
    assert_eq!(host.delete(gone, 1).await.unwrap(), deleted);
    assert_eq!(host.kind(1).await.active, 1);
}

#[tokio::test]
async fn indices_grow_with_every_operation_and_terms_with_every_start() {
    let mut host = host().await;
    let mut last = host.open(1, "one").await.id.unwrap();
    for _ in 0..3 {
        let next = host.open(1, "one").await.id.unwrap();
        assert!(newer(next, last), "{next:?} is not after {last:?}");
        host.restart().await;
        last = host.open(1, "one").await.id.unwrap();
        assert_eq!(last.term, next.term + 1);
    }
}
