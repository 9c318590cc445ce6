//! Lists: everything is found once, filters let through what they say, and each session says what it waits for.

use std::collections::BTreeSet;

use mpy6a_proto::v1::{Filter, Index, NewRequest, SessionState, WaitReason};

use super::{all, waits};
use crate::harness::{Config, Host, Kind};

/// A kind whose sessions wait for an hour.
fn patient(id: u32) -> Kind {
    Kind::misbehave(id).set("delay", "1h").set("max_repeats", 1)
}

fn ids(sessions: &[mpy6a_proto::v1::SessionSummary]) -> Vec<Index> {
    sessions.iter().map(|session| session.id.unwrap()).collect()
}

fn key(id: &Index) -> (u64, u64) {
    (id.term, id.index)
}

#[tokio::test]
async fn every_session_is_listed_once_page_by_page_in_the_order_of_its_line() {
    let host = Host::start(&Config::of([patient(1), patient(2)])).await;
    let mut active = Vec::new();
    for _ in 0..70 {
        active.push(host.open(1, "x").await.id.unwrap());
    }
    let mut stored = Vec::new();
    for seconds in (0..70).rev() {
        let handle = host.open(2, "x").await;
        host.store(handle, 0, Some(3_600 + seconds)).await.unwrap();
        stored.insert(0, handle.id.unwrap());
    }
    let parked = host.left(1, &["permanent hopeless"]).await;
    host.parked(parked).await;

    let everything = [active.clone(), vec![parked], stored.clone()].concat();
    for page_size in [1, 7, 64, 1_000] {
        assert_eq!(ids(&all(&host, Filter::default(), page_size).await), everything, "pages of {page_size}");
    }
    let distinct: BTreeSet<_> = everything.iter().map(key).collect();
    assert_eq!(distinct.len(), 141);
}

#[tokio::test]
async fn a_filter_lets_through_what_it_says() {
    let host = Host::start(&Config::of([patient(1), patient(2)])).await;
    let active = host.open(1, "x").await.id.unwrap();
    let trapped = host.left(1, &["trap"]).await;
    let hopeless = host.left(2, &["permanent there is no such user"]).await;
    for id in [trapped, hopeless] {
        host.parked(id).await;
    }
    let created = host.look(trapped).await.unwrap().created_ms;
    let list = async |filter| ids(&all(&host, filter, 100).await);
    let of_kind = Filter { kinds: vec![2, 9], ..Filter::default() };
    assert_eq!(list(of_kind).await, [hopeless]);
    let states = vec![SessionState::Active.into(), SessionState::Repeating.into()];
    assert_eq!(list(Filter { states, ..Filter::default() }).await, [active]);
    let outcome = Filter { last_outcome: "trapped".into(), ..Filter::default() };
    assert_eq!(list(outcome).await, [trapped]);
    let cause = Filter { last_cause_has: "no such user".into(), ..Filter::default() };
    assert_eq!(list(cause).await, [hopeless]);
    let repeated = Filter { repeats_min: Some(1), ..Filter::default() };
    assert_eq!(list(repeated).await, [trapped, hopeless]);
    let old = Filter { created_until_ms: Some(created - 1), ..Filter::default() };
    assert!(list(old).await.iter().all(|id| key(id) < key(&trapped)));
    let young = Filter { created_from_ms: Some(created + 3_600_000), ..Filter::default() };
    assert_eq!(list(young).await, []);
}

#[tokio::test]
async fn each_session_says_what_it_waits_for() {
    let busy = Kind::misbehave(3).set("max_running", 1).set("plugin.time", "10m");
    let pluginless = Kind::new(4, "/nowhere.wasm");
    let paused = Kind::misbehave(5).set("paused", true);
    let host = Host::start(&Config::of([patient(1), busy, pluginless, paused])).await;

    let active = host.open(1, "x").await.id.unwrap();
    let (reason, words) = waits(&host, active).await;
    assert_eq!(reason, WaitReason::Client);
    assert!(words.contains("lease ends in") && words.contains("1m"), "{words}");

    let handle = host.open(1, "x").await;
    host.store(handle, 0, Some(7_200)).await.unwrap();
    assert_eq!(waits(&host, handle.id.unwrap()).await, (WaitReason::Due, "it is due in 2h".to_owned()));

    let running = host.left(3, &["sleep 600000"]).await;
    host.in_state(running, SessionState::Repeating).await;
    assert_eq!(waits(&host, running).await.0, WaitReason::Run);
    let behind = host.left(3, &["delete"]).await;
    let (reason, words) = waits(&host, behind).await;
    assert_eq!(reason, WaitReason::Worker);
    assert!(words.contains("all 1 runs of kind k3 are taken: wait, or raise max_running"), "{words}");

    let request = NewRequest { kind: 4, ..NewRequest::default() };
    let handle = host.new_session(request).await.unwrap().handle.unwrap();
    host.store(handle, 0, Some(0)).await.unwrap();
    let (reason, words) = waits(&host, handle.id.unwrap()).await;
    assert_eq!(reason, WaitReason::Plugin);
    assert!(words.contains("/nowhere.wasm"), "the reason is the plugin's own: {words}");

    let by_config = host.left(5, &["delete"]).await;
    assert_eq!(waits(&host, by_config).await.0, WaitReason::ConfigPaused);

    let hopeless = host.left(1, &["permanent no such user"]).await;
    host.parked(hopeless).await;
    let (reason, words) = waits(&host, hopeless).await;
    assert_eq!(reason, WaitReason::HandlerGaveUp);
    assert!(words.contains("no such user"), "{words}");
    let trapping = host.left(1, &["trap"]).await;
    host.parked(trapping).await;
    let (reason, words) = waits(&host, trapping).await;
    assert_eq!(reason, WaitReason::OutOfRepeats);
    assert!(words.contains("out of repeats after 1"), "{words}");

    host.configure(&Config::of([patient(1)]));
    host.kind_is(5, "left the config", |kind| kind.name.is_empty()).await;
    assert_eq!(waits(&host, by_config).await.0, WaitReason::KindUnknown);
}
